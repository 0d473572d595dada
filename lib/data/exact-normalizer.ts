import type { Component } from './tokenizer-json.js';

/**
 * A normalizer of `tokenizer.json` in words that `@huggingface/tokenizers` takes as Rust takes the original: there some
 * kinds work on UTF-16 units, on JavaScript's idea of white space, or lower a final Σ to ς where Rust has σ.
 */
export function exactNormalizer(normalizer: Component | null): Component | null {
  if (normalizer === null) return null;
  switch (normalizer.type) {
    case 'Sequence': {
      const parts = normalizer.normalizers as readonly Component[];
      return sequence(parts.map(exactNormalizer).filter((part) => part !== null));
    }
    case 'BertNormalizer':
      return bertNormalizer(normalizer);
    case 'Lowercase':
      return sequence(LOWERCASE);
    case 'Strip':
      return sequence([
        ...(normalizer.strip_left === true ? [replace('\\A\\s+', '')] : []),
        ...(normalizer.strip_right === true ? [replace('\\s+\\z', '')] : []),
      ]);
    case 'Prepend':
      return replace('\\A[\\s\\S]', `${literal(normalizer.prepend)}$&`);
    case 'Replace':
      return { ...normalizer, content: literal(normalizer.content) };
    default:
      return normalizer;
  }
}

const LOWERCASE = [replace('Σ', 'σ'), { type: 'Lowercase' }];
const STRIP_ACCENTS = [{ type: 'NFD' }, replace('\\p{Mn}', '')];
const CLEAN_TEXT = [replace('(?![\\t\\n\\r])[\\x00\\x{FFFD}\\p{Cc}\\p{Cf}\\p{Co}]', ''), replace('\\s', ' ')];
/** Rust's list of Chinese characters; the block that begins at U+2B820 begins there at U+2B920. */
const CHINESE =
  '[\\x{4E00}-\\x{9FFF}\\x{3400}-\\x{4DBF}\\x{20000}-\\x{2A6DF}\\x{2A700}-\\x{2B73F}\\x{2B740}-\\x{2B81F}' +
  '\\x{2B920}-\\x{2CEAF}\\x{F900}-\\x{FAFF}\\x{2F800}-\\x{2FA1F}]';

/** BERT's and GPT-1's: clean text, spaces around Chinese characters, no accents, lower case. */
function bertNormalizer({ clean_text, handle_chinese_chars, strip_accents, lowercase }: Component): Component {
  return sequence([
    ...(clean_text === true ? CLEAN_TEXT : []),
    ...(handle_chinese_chars === true ? [replace(CHINESE, ' $& ')] : []),
    ...((strip_accents ?? lowercase) === true ? STRIP_ACCENTS : []),
    ...(lowercase === true ? LOWERCASE : []),
  ]);
}

function sequence(normalizers: readonly Component[]): Component {
  return { type: 'Sequence', normalizers };
}

/** @param content with `$&` for what matched. */
function replace(regex: string, content: string): Component {
  return { type: 'Replace', pattern: { Regex: regex }, content };
}

function literal(content: unknown): string {
  return String(content).replaceAll('$', '$$$$');
}
