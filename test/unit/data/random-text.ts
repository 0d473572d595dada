import { Random } from '../../../lib/data/index.js';

/** Blocks that old and new Unicode tables see alike, so that a difference is never one of their versions. */
const BLOCKS: readonly [first: number, last: number][] = [
  [0x00, 0x7f],
  [0x00, 0x7f],
  [0x80, 0x24f],
  [0x300, 0x36f],
  [0x391, 0x3a1],
  [0x3a3, 0x3c9],
  [0x400, 0x52f],
  [0x5d0, 0x5ea],
  [0x620, 0x652],
  [0x905, 0x939],
  [0x1e00, 0x1eff],
  [0x2000, 0x2064],
  [0x2190, 0x21ff],
  [0x3001, 0x30ff],
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
  [0xe000, 0xe0ff],
  [0xfe00, 0xfe0f],
  [0xff01, 0xff5e],
  [0x1d400, 0x1d454],
  [0x1f300, 0x1f5ff],
  [0x20000, 0x2a6d6],
  [0x10fff0, 0x10ffff],
];

/** Texts of up to 24 characters of all kinds, a space here and there, runs of one character; the same for a seed. */
export function randomTexts(count: number, { seed }: { seed: number }): string[] {
  const random = new Random(seed);
  const character = () => {
    const [first, last] = BLOCKS[random.nextInt(BLOCKS.length)] ?? [0, 0];
    return String.fromCodePoint(first + random.nextInt(last - first + 1));
  };
  const piece = () => {
    const kind = random.nextInt(10);
    if (kind < 3) return ' ';
    return kind === 3 ? character().repeat(1 + random.nextInt(5)) : character();
  };
  return Array.from({ length: count }, () => Array.from({ length: 1 + random.nextInt(24) }, piece).join(''));
}
