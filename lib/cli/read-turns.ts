import type { Interface } from 'node:readline';

/** Nobody types two lines within this time. */
const PASTE_MS = 30;

/**
 * Lines as messages; an empty one is ''. At a terminal, lines that come at once were pasted and are one message; from a
 * pipe each line is one.
 */
export async function* readTurns(lines: Interface, isTerminal: boolean): AsyncGenerator<string, void, undefined> {
  const iterator = lines[Symbol.asyncIterator]();
  let coming = iterator.next();
  while (true) {
    let next = await coming;
    if (next.done) return;
    const message = [next.value];
    coming = iterator.next();
    while (isTerminal && (await comesAtOnce(coming))) {
      next = await coming;
      if (next.done) break;
      message.push(next.value);
      coming = iterator.next();
    }
    yield message.join('\n').trim();
  }
}

async function comesAtOnce(coming: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PASTE_MS);
  });
  const isThere = await Promise.race([coming.then(() => true), late]);
  clearTimeout(timer);
  return isThere;
}
