import { z } from 'zod';
import { InputError } from '../errors.js';
import { writeFileAtomic } from '../io/files.js';
import { parseOrThrow } from '../validate.js';
import { CharTokenizer } from './char-tokenizer.js';
import { readJson } from './read-json.js';

const WordIdsSchema = z.object({
  word2id: z.record(z.string(), z.int().min(0)),
  id2word: z.union([z.array(z.string()), z.record(z.string().regex(/^\d+$/), z.string())]).optional(),
});

/**
 * Reads the vocabulary file of the chat recipe: JSON with `word2id` (from entries to ids) and, if it is there, `id2word`
 * (a list, or an object from ids to entries, which must say the same). Special tokens come before or after all characters.
 * @throws InputError naming what is no character, an id that is missing or given twice, and where the two parts differ.
 */
export async function readWordIds(file: string): Promise<CharTokenizer> {
  const { word2id, id2word } = parseOrThrow(WordIdsSchema, await readJson(file), file);
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(word2id).sort(([, a], [, b]) => a - b)) {
    if (id !== tokens.length) {
      const problem = id < tokens.length ? `${id} is given twice` : `${tokens.length} is missing`;
      throw new InputError(`${file}: field "word2id": id ${problem}`);
    }
    tokens.push(token);
  }
  if (id2word !== undefined) checkAgreement(file, tokens, id2word);
  const isCharacter = (token: string) => [...token].length === 1;
  const first = tokens.findIndex(isCharacter);
  const last = tokens.findLastIndex(isCharacter);
  if (first === -1) throw new InputError(`${file}: field "word2id" has no characters`);
  const characters = tokens.slice(first, last + 1);
  const word = characters.find((token) => !isCharacter(token));
  if (word !== undefined) {
    throw new InputError(`${file}: field "word2id" has ${JSON.stringify(word)} among the characters`);
  }
  try {
    return new CharTokenizer(characters, {
      specialTokens: tokens.slice(0, first),
      addedTokens: tokens.slice(last + 1),
    });
  } catch (cause) {
    throw new InputError(`${file}: field "word2id": ${(cause as Error).message}`, { cause });
  }
}

/** Writes the vocabulary as `readWordIds` reads it, `id2word` as a list. */
export async function writeWordIds(tokenizer: CharTokenizer, file: string): Promise<void> {
  const id2word = tokenizer.tokens;
  const word2id = Object.fromEntries(id2word.map((token, id) => [token, id]));
  await writeFileAtomic(file, `${JSON.stringify({ word2id, id2word })}\n`);
}

function checkAgreement(file: string, tokens: readonly string[], id2word: object): void {
  const entries = Object.entries(id2word);
  const wrong = entries.find(([id, token]) => tokens[Number(id)] !== token);
  if (wrong === undefined && entries.length === tokens.length) return;
  const difference =
    wrong === undefined
      ? `${entries.length} entries, word2id ${tokens.length}`
      : `${JSON.stringify(wrong[1])} under ${wrong[0]}, word2id ${JSON.stringify(tokens[Number(wrong[0])])}`;
  throw new InputError(`${file}: field "id2word" has ${difference}`);
}
