/** GPT-2's special token at the end of a document. */
export const END_OF_TEXT = '<|endoftext|>';

/** How GPT-2 cuts text into words before the merges: what `ByteLevel` with `use_regex` means. */
export const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** GPT-2's characters for the 256 bytes, in the order of its ids: printable bytes first, then the others from U+0100. */
export function byteAlphabet(): string[] {
  const isPrintable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const others = bytes.filter((byte) => !isPrintable(byte));
  const printable = bytes.filter(isPrintable).map((byte) => String.fromCharCode(byte));
  return [...printable, ...others.map((_, i) => String.fromCharCode(256 + i))];
}

/** The pre-tokenizer of GPT-2 in the words of `tokenizer.json`. */
export const GPT2_PRE_TOKENIZER = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };

/** True for GPT-2's own way to cut text into words, which never joins a word with white space after it. */
export function isGpt2PreTokenizer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type, add_prefix_space, use_regex = true } = value as Record<string, unknown>;
  return type === 'ByteLevel' && add_prefix_space === false && use_regex === true;
}
