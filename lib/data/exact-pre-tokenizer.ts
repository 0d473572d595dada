import { ArgumentError } from '../errors.js';
import { GPT2_WORDS } from './byte-level.js';
import type { Component } from './tokenizer-json.js';

const ASCII_PUNCTUATION = '\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E';
const PUNCTUATION = `\\p{P}${ASCII_PUNCTUATION}`;
/** What Rust's regular expressions call a word's characters. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}';

/**
 * A pre-tokenizer of `tokenizer.json` in words that `@huggingface/tokenizers` takes as Rust takes the original. There
 * most kinds use JavaScript's own regular expressions, whose white space has U+FEFF and lacks U+0085, and whose words
 * are ASCII; in a `Split` the pattern is read as Rust reads it. So each kind becomes one.
 */
export function exactPreTokenizer(preTokenizer: Component | null): Component | null {
  if (preTokenizer === null) return null;
  switch (preTokenizer.type) {
    case 'Sequence': {
      const parts = preTokenizer.pretokenizers as readonly Component[];
      return sequence(parts.map(exactPreTokenizer).filter((part) => part !== null));
    }
    case 'ByteLevel':
      return byteLevel(preTokenizer);
    case 'BertPreTokenizer':
      return keep(`[^\\s${PUNCTUATION}]+|[${PUNCTUATION}]`);
    case 'Whitespace':
      return keep(`[${WORD}]+|[^${WORD}\\s]+`);
    case 'WhitespaceSplit':
      return keep('\\S+');
    case 'Punctuation':
      return cut(`[${PUNCTUATION}]`, preTokenizer.behavior ?? 'Isolated');
    case 'Digits':
      return cut('\\p{N}', preTokenizer.individual_digits === true ? 'Isolated' : 'Contiguous');
    case 'CharDelimiterSplit':
      return cut(quote(preTokenizer.delimiter), 'Removed');
    case 'FixedLength':
      return keep(`[\\s\\S]{1,${Number(preTokenizer.length)}}`);
    case 'Metaspace':
      return metaspace(preTokenizer);
    case 'Split':
      return split(preTokenizer);
    default:
      return preTokenizer;
  }
}

/** A `ByteLevel` without its own regular expression, after the same one spelled out. */
function byteLevel({ add_prefix_space, use_regex = true, ...rest }: Component): Component {
  // Not left to ByteLevel, which would then give each word its space.
  const prefix = { type: 'Replace', pattern: { Regex: '\\A[^ ]' }, content: ' $&' };
  return sequence([
    ...(add_prefix_space === true ? [prefix] : []),
    ...(use_regex === true ? [cut(GPT2_WORDS, 'Isolated')] : []),
    { ...rest, add_prefix_space: false, use_regex: false },
  ]);
}

/** Older files have `add_prefix_space` instead of `prepend_scheme`. */
function metaspace({ add_prefix_space, prepend_scheme, split: cuts = true, ...rest }: Component): Component {
  const scheme = prepend_scheme ?? (add_prefix_space === false ? 'never' : 'always');
  const whole = { ...rest, prepend_scheme: scheme };
  return cuts === true ? sequence([whole, cut(quote(rest.replacement), 'MergedWithNext')]) : whole;
}

function split({ pattern, behavior, invert }: Component): Component {
  const { Regex, String: text } = pattern as { Regex?: unknown; String?: unknown };
  const regex = Regex === undefined ? quote(text) : String(Regex);
  if (invert !== true) return cut(regex, behavior);
  if (behavior === 'Removed') return keep(regex);
  throw new ArgumentError(`a Split with invert has behavior ${JSON.stringify(behavior)}; allowed: "Removed"`);
}

/** What matches is kept, the rest thrown away. */
function keep(regex: string): Component {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: true };
}

/** Cuts at each match of `regex`, which then goes where `behavior` says. */
function cut(regex: string, behavior: unknown): Component {
  const rest = `(?:(?!${regex})[\\s\\S])*`;
  const isolated = (pattern: string): Component => {
    return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  };
  switch (behavior) {
    case 'Isolated':
      return isolated(regex);
    case 'Removed':
      return { ...isolated(regex), behavior };
    case 'Contiguous':
      return isolated(`(?:${regex})+`);
    case 'MergedWithPrevious':
      return isolated(`${rest}(?:${regex})`);
    case 'MergedWithNext':
      return isolated(`(?:${regex})${rest}`);
    default:
      throw new ArgumentError(`a Split has behavior ${JSON.stringify(behavior)}, which is unknown`);
  }
}

function sequence(pretokenizers: readonly Component[]): Component {
  return { type: 'Sequence', pretokenizers };
}

function quote(text: unknown): string {
  return String(text).replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');
}
