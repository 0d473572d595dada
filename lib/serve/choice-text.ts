import type { TokenLogProb } from '../decode/index.js';
import { TextStream } from '../generate/index.js';
import { StopStrings } from './stop-strings.js';

/** A generated token with its place in the text. */
export interface TextToken {
  token: number;
  /** Where its text begins, in UTF-16 units from the choice's beginning. */
  offset: number;
  logProb: number | undefined;
  topLogProbs: readonly TokenLogProb[];
}

/** What a choice has to tell since the last time. */
export interface ChoiceNews {
  text: string;
  /** Those that the text told so far is made of, each once. */
  tokens: TextToken[];
}

/** One choice: tokens go in, text comes out, in whole characters and never beyond a stop string. */
export class ChoiceText {
  readonly #stream: TextStream;
  readonly #stops: StopStrings;
  readonly #waiting: TextToken[] = [];
  /** Characters that all tokens so far have made. */
  #made = 0;
  #told = 0;
  /** Tokens that were generated for it, those cut off with a stop string too. */
  tokenCount = 0;

  constructor(decode: (tokens: number[]) => string, stops: readonly string[]) {
    this.#stream = new TextStream(decode);
    this.#stops = new StopStrings(stops);
  }

  /** A stop string has come: further tokens are of no use. */
  get stopped(): boolean {
    return this.#stops.stopped;
  }

  push(token: number, logProb?: number, topLogProbs: readonly TokenLogProb[] = []): ChoiceNews {
    if (this.stopped) return { text: '', tokens: [] };
    this.tokenCount++;
    this.#waiting.push({ token, offset: this.#made, logProb, topLogProbs });
    const piece = this.#stream.push(token);
    this.#made += piece.length;
    return this.#tell(this.#stops.push(piece));
  }

  /** What was held back to the end. */
  end(): ChoiceNews {
    if (this.stopped) return { text: '', tokens: [] };
    const piece = this.#stream.end();
    this.#made += piece.length;
    const text = this.#stops.push(piece);
    return this.#tell(this.stopped ? text : text + this.#stops.end(), true);
  }

  #tell(text: string, all = false): ChoiceNews {
    this.#told += text.length;
    const isTold = ({ offset }: TextToken) => offset < this.#told || (all && !this.stopped);
    const kept = this.#waiting.findIndex((token) => !isTold(token));
    return { text, tokens: this.#waiting.splice(0, kept < 0 ? this.#waiting.length : kept) };
  }
}
