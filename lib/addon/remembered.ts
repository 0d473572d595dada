import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Answers that take long to find, by what they depend on; an unreadable file holds none. */
export function readAnswers<T>(file: string): Record<string, T> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, T>;
  } catch {
    return {};
  }
}

/** Adds one. Best effort: a cache folder that cannot be written costs only time. */
export function remember<T>(file: string, key: string, answer: T): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify({ ...readAnswers<T>(file), [key]: answer }));
    renameSync(temporary, file);
  } catch {}
}
