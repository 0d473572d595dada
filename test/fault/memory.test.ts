import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { lastLine, runNode } from './fixture.js';
import { patience, size } from './forms.js';

interface Use {
  samples: { resident: number; allocated: number }[];
  peak: number;
}

const MiB = 2 ** 20;
const script = fileURLToPath(new URL('fixtures/memory.mjs', import.meta.url));

async function use(loop: string, turns: number, ...flags: string[]): Promise<Use> {
  return lastLine(await runNode([...flags, script, loop, String(turns)]));
}

test('training holds its size: not a tensor more, and no more resident memory', { timeout: patience }, async () => {
  const { samples } = await use('steps', size({ short: 1500, long: 10_000 }), '--expose-gc');
  const steps = samples.slice(1, -1);
  expect(new Set(steps.map(({ allocated }) => allocated)).size).toBe(1);
  // From the fourth sample on everything is warm. A leak of 1 KiB a step would be 0.9 MiB in the short form, 6 MiB in the
  // long one; what remains is V8's own coming and going.
  const resident = steps.map((each) => each.resident / MiB);
  const growth = Math.max(...resident.slice(-3)) - Math.max(...resident.slice(2, 5));
  expect(growth).toBeLessThan(size({ short: 4, long: 6 }));
});

test.each([
  ['handles of 1 MiB', 'handles', 2000, 512],
  ['graphs of megabytes behind handles of 4 bytes', 'graphs', 400, 512],
  ['models', 'models', 300, 384],
])(
  '%s that nobody frees level off: the garbage collector knows their size',
  { timeout: patience },
  async (_, loop, turns, most) => {
    const { samples, peak } = await use(loop, size({ short: turns, long: 10 * turns }));
    expect((peak - (samples[0]?.allocated ?? 0)) / MiB).toBeLessThan(most);
  },
);

test('failures that nobody asks for are not kept without end', { timeout: patience }, async () => {
  const turns = size({ short: 28_000, long: 70_000 });
  const { samples } = await use('failures', turns, '--expose-gc');
  // A failure that is kept takes about 170 bytes: its text, its counts of references, its place in the list.
  const [, early, late] = samples.map((each) => each.resident);
  expect(((late ?? Number.NaN) - (early ?? Number.NaN)) / (7 * turns)).toBeLessThan(85);
});
