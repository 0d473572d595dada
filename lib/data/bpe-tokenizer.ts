import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { checkSpecialToken, specialToken } from './added-tokens.js';
import { END_OF_TEXT, isGpt2PreTokenizer, spelledOutPreTokenizer } from './byte-level.js';
import { openRustTokenizer, type RustTokenizer } from './rust-tokenizers.js';
import { checkTokenIds, checkWellFormed, saveTokenizerFiles, type Tokenizer } from './tokenizer.js';

const Section = z.looseObject({ type: z.string() }).nullable().default(null);
const TokenizerJsonSchema = z.looseObject({
  model: z.looseObject({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.array(z.string()).length(2)])),
  }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string().min(1) })).default([]),
  normalizer: Section,
  pre_tokenizer: Section,
  post_processor: Section,
  decoder: Section,
});

interface TokenizerJson {
  added_tokens?: readonly { content: string; id: number }[];
}

/**
 * Byte-pair encoding as a Hugging Face `tokenizer.json` describes it, GPT-2's and GPT-1's included; `trainBpeTokenizer`
 * makes one. Small texts are encoded in JavaScript, bulk data in Rust where the npm package `tokenizers` is installed.
 * The ids are the same, but for letters that are newer than one side's Unicode tables.
 */
export class BpeTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly canEncodeInPieces: boolean;
  readonly #json: TokenizerJson;
  readonly #config: object;
  readonly #tokenizer: HuggingFaceTokenizer;
  #rust: RustTokenizer | undefined | 'not looked for' = 'not looked for';

  /**
   * @param json the content of `tokenizer.json`.
   * @param config the content of `tokenizer_config.json`, which is saved again as it is.
   * @param where the beginning of an error's message, as the file's name.
   * @throws InputError when `json` is no BPE tokenizer.
   */
  constructor(json: unknown, config?: object, where = 'tokenizer.json') {
    const parsed = parseOrThrow(TokenizerJsonSchema, json, where);
    this.#json = json as TokenizerJson;
    this.#config = config ?? defaultConfig(parsed.added_tokens.map(({ content }) => content));
    this.canEncodeInPieces = isGpt2PreTokenizer(parsed.pre_tokenizer) && parsed.normalizer === null;
    const exact = isGpt2PreTokenizer(parsed.pre_tokenizer) ? { pre_tokenizer: spelledOutPreTokenizer() } : {};
    try {
      this.#tokenizer = new HuggingFaceTokenizer({ ...parsed, ...exact }, {});
    } catch (cause) {
      throw new InputError(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    const ids = [...Object.values(parsed.model.vocab), ...parsed.added_tokens.map(({ id }) => id)];
    this.vocabSize = ids.reduce((highest, id) => Math.max(highest, id), -1) + 1;
  }

  encode(text: string): number[] {
    checkWellFormed(text);
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  async encodeBulk(text: string): Promise<ArrayLike<number>> {
    checkWellFormed(text);
    if (this.#rust === 'not looked for') this.#rust = openRustTokenizer(this.#json);
    if (this.#rust === undefined) return this.encode(text);
    return (await this.#rust.encode(text, null, { addSpecialTokens: false })).getIds();
  }

  decode(ids: ArrayLike<number>): string {
    checkTokenIds(ids, this.vocabSize);
    // The library refuses an empty list, and by default drops the space in "a ." and "do n't".
    return ids.length === 0 ? '' : this.#tokenizer.decode(Array.from(ids), { clean_up_tokenization_spaces: false });
  }

  tokenId(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  withSpecialTokens(tokens: readonly string[]): BpeTokenizer {
    const added = [...(this.#json.added_tokens ?? [])];
    let next = this.vocabSize;
    for (const token of new Set(tokens)) {
      checkSpecialToken(token);
      if (added.some(({ content }) => content === token)) continue;
      added.push(specialToken(token, this.tokenId(token) ?? next++));
    }
    added.sort((a, b) => a.id - b.id);
    return new BpeTokenizer({ ...this.#json, added_tokens: added }, this.#config);
  }

  toJSON(): object {
    return this.#json;
  }

  async save(dir: string): Promise<void> {
    await saveTokenizerFiles(dir, this.#json, this.#config);
  }
}

/** `tokenizer_config.json` where there is none: transformers' AutoTokenizer then reads `tokenizer.json` as it stands. */
function defaultConfig(addedTokens: readonly string[]): object {
  const ends = addedTokens.includes(END_OF_TEXT)
    ? { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT }
    : {};
  return { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false, ...ends };
}
