import type { EncodedExample } from '../data/index.js';
import { highest, lowest } from '../extremes.js';
import type { GPT } from '../model/index.js';
import { type Tensor, tensor } from '../tensor/index.js';

/** Tokens that all sequences of an example begin with; each keeps at least its last token to itself. */
export function sharedPrefixLength({ sequences }: EncodedExample): number {
  const [first = [], ...others] = sequences;
  if (others.length === 0) return 0;
  const end = lowest(sequences.map((sequence) => sequence.length)) - 1;
  let length = 0;
  while (length < end && others.every((sequence) => sequence[length] === first[length])) length++;
  return length;
}

/**
 * Hidden states of the extract tokens, what an example's sequences begin with being computed once: its keys and values
 * are what the rest attends to.
 * @param prefix length of that beginning, the same for all the examples
 * @param exampleOf (S) int64: the example of each sequence
 * @returns (S, width)
 */
export function extractsAfterPrefix(
  gpt: GPT,
  examples: readonly EncodedExample[],
  prefix: number,
  exampleOf: Tensor,
): Tensor {
  const place = { dtype: 'int64', device: gpt.device } as const;
  const beginnings = examples.map(({ sequences: [first = []] }) => first.slice(0, prefix)); // (N, prefix)
  const rests = examples.flatMap(({ sequences }) => sequences.map((sequence) => sequence.slice(prefix)));
  const room = highest(rests.map((rest) => rest.length));
  const cache = gpt.makeCache({ capacity: prefix, batch: examples.length });
  gpt.hidden(tensor(beginnings, place), { cache });
  const padded = rests.map((rest) => [...rest, ...new Array(room - rest.length).fill(0)]); // (S, room)
  const hidden = gpt.hidden(tensor(padded, place), { cache: cache.fork(exampleOf, room) }); // (S, room, width)
  const places = rests.map((rest, row) => row * room + rest.length - 1);
  return hidden.reshape(-1, gpt.config.width).indexSelect(0, tensor(places, place));
}
