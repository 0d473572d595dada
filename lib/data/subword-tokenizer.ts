import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { InputError } from '../errors.js';
import { checkSpecialToken, specialToken } from './added-tokens.js';
import { END_OF_TEXT, isGpt2PreTokenizer } from './byte-level.js';
import { exactNormalizer } from './exact-normalizer.js';
import { exactPreTokenizer } from './exact-pre-tokenizer.js';
import { openRustTokenizer, type RustTokenizer } from './rust-tokenizers.js';
import { checkTokenIds, checkWellFormed, saveTokenizerFiles, type Tokenizer } from './tokenizer.js';
import { modelIds, parseTokenizerJson, type TokenizerJson } from './tokenizer-json.js';

/**
 * What a Hugging Face `tokenizer.json` describes: byte-pair encoding (GPT-1's and GPT-2's; `trainBpeTokenizer` makes
 * one), WordPiece, Unigram or whole words. Small texts are encoded in JavaScript, bulk data in Rust where the npm package
 * `tokenizers` is installed. The ids are the same, but for characters that are newer than one side's Unicode tables.
 */
export class SubwordTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly canEncodeInPieces: boolean;
  readonly #json: object;
  readonly #parsed: TokenizerJson;
  readonly #config: object;
  readonly #tokenizer: HuggingFaceTokenizer;
  #rust: RustTokenizer | undefined | 'not looked for' = 'not looked for';

  /**
   * @param json the content of `tokenizer.json`.
   * @param config the content of `tokenizer_config.json`, which is saved again as it is.
   * @param where the beginning of an error's message, as the file's name.
   * @throws InputError when `json` is no tokenizer, or one that cannot give Python's ids here.
   */
  constructor(json: unknown, config?: object, where = 'tokenizer.json') {
    const parsed = parseTokenizerJson(json, where);
    this.#json = json as object;
    this.#parsed = parsed;
    this.#config = config ?? defaultConfig(parsed.added_tokens.map(({ content }) => content));
    this.canEncodeInPieces = isGpt2PreTokenizer(parsed.pre_tokenizer) && parsed.normalizer === null;
    try {
      this.#tokenizer = open(parsed);
    } catch (cause) {
      throw new InputError(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    const ids = [...modelIds(parsed), ...parsed.added_tokens.map(({ id }) => id)];
    this.vocabSize = ids.reduce((highest, id) => Math.max(highest, id), -1) + 1;
  }

  encode(text: string): number[] {
    checkWellFormed(text);
    const ids: (number | undefined)[] = this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
    // A BPE without a token for unknown characters passes over them.
    return ids.filter((id) => id !== undefined);
  }

  async encodeBulk(text: string): Promise<ArrayLike<number>> {
    checkWellFormed(text);
    if (this.#rust === 'not looked for') this.#rust = openRustTokenizer(this.#json);
    if (this.#rust === undefined) return this.encode(text);
    return (await this.#rust.encode(text, null, { addSpecialTokens: false })).getIds();
  }

  decode(ids: ArrayLike<number>): string {
    checkTokenIds(ids, this.vocabSize);
    const known = Array.from(ids).filter((id) => this.#tokenizer.id_to_token(id) !== undefined);
    // The library refuses an empty list, and by default drops the space in "a ." and "do n't".
    return known.length === 0 ? '' : this.#tokenizer.decode(known, { clean_up_tokenization_spaces: false });
  }

  tokenId(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  withSpecialTokens(tokens: readonly string[]): SubwordTokenizer {
    const added: { id: number; content: string }[] = [...this.#parsed.added_tokens];
    let next = this.vocabSize;
    for (const token of new Set(tokens)) {
      checkSpecialToken(token);
      if (added.some(({ content }) => content === token)) continue;
      added.push(specialToken(token, this.tokenId(token) ?? next++));
    }
    // Python gives an added token the id after the number of entries, whatever the file says.
    if (next > this.vocabSize && new Set(modelIds(this.#parsed)).size !== this.#lastModelId() + 1) {
      throw new InputError('the vocabulary has unused ids between others; no token can be added to it');
    }
    added.sort((a, b) => a.id - b.id);
    return new SubwordTokenizer({ ...this.#json, added_tokens: added }, this.#config);
  }

  toJSON(): object {
    return this.#json;
  }

  async save(dir: string): Promise<void> {
    await saveTokenizerFiles(dir, this.#json, this.#config);
  }

  #lastModelId(): number {
    return modelIds(this.#parsed).reduce((highest, id) => Math.max(highest, id), -1);
  }
}

function open(parsed: TokenizerJson): HuggingFaceTokenizer {
  const tokenizer = new HuggingFaceTokenizer(
    {
      ...parsed,
      normalizer: exactNormalizer(parsed.normalizer),
      pre_tokenizer: exactPreTokenizer(parsed.pre_tokenizer),
      post_processor: null,
    },
    // The library looks here for the unknown token of whole words.
    parsed.model.type === 'WordLevel' ? { unk_token: parsed.model.unk_token } : {},
  );
  // Word by word, or unknown tokens of neighbouring words would become one.
  const { model } = tokenizer;
  const encodeWords = model._call.bind(model);
  model._call = (words: string[]) => words.flatMap((word) => encodeWords([word]));
  keepByteOrderMarks(tokenizer.decoder);
  return tokenizer;
}

/** The library's ByteFallback drops a U+FEFF. */
function keepByteOrderMarks(decoder: object | null): void {
  if (decoder === null) return;
  if ('text_decoder' in decoder) decoder.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  if ('decoders' in decoder && Array.isArray(decoder.decoders)) decoder.decoders.forEach(keepByteOrderMarks);
}

/** `tokenizer_config.json` where there is none: transformers' AutoTokenizer then reads `tokenizer.json` as it stands. */
function defaultConfig(addedTokens: readonly string[]): object {
  const ends = addedTokens.includes(END_OF_TEXT)
    ? { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT, unk_token: END_OF_TEXT }
    : {};
  return { tokenizer_class: 'PreTrainedTokenizerFast', clean_up_tokenization_spaces: false, ...ends };
}
