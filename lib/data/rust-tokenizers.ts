import { createRequire } from 'node:module';
import { LoadError } from '../errors.js';

/** What gptorch uses of the npm package `tokenizers`. */
export interface RustTokenizer {
  encode(text: string, pair: null, options: { addSpecialTokens: boolean }): Promise<{ getIds(): number[] }>;
}

interface RustTokenizers {
  Tokenizer: { fromString(json: string): RustTokenizer };
}

const require = createRequire(import.meta.url);

/**
 * The file of the Rust tokenizers (64 MB, so an optional package).
 * @throws LoadError naming the command that installs it.
 */
export function findRustTokenizers(resolve: (name: string) => string = require.resolve): string {
  try {
    return resolve('tokenizers');
  } catch (cause) {
    const message = 'training a byte-level BPE needs the npm package "tokenizers", which is not installed';
    throw new LoadError(`${message}; run: npm install tokenizers`, { cause });
  }
}

/** The same tokenizer in Rust, three times as fast; undefined where the package or its binary is missing. */
export function openRustTokenizer(json: object): RustTokenizer | undefined {
  try {
    const { Tokenizer } = require('tokenizers') as RustTokenizers;
    return Tokenizer.fromString(JSON.stringify({ ...json, truncation: null, padding: null }));
  } catch {
    return undefined;
  }
}
