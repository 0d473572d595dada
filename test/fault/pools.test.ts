import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runNode } from './fixture.js';
import { patience, size } from './forms.js';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const config = fileURLToPath(new URL('fixtures/vitest.config.ts', import.meta.url));

/** Two files side by side, then once more in workers that are not isolated from one another. */
const ways = [
  ['forks', '--isolate'],
  ['threads', '--isolate'],
  ['threads', '--no-isolate'],
  ['vmThreads', '--isolate'],
] as const;

test.each(ways)("tests of a user run in Vitest's pool %s, %s", { timeout: patience }, async (pool, isolation) => {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-pools-'));
  const report = join(folder, 'report.json');
  for (let i = 0; i < size({ short: 1, long: 20 }); i++) {
    const options = [`--pool=${pool}`, isolation, '--reporter=json', `--outputFile=${report}`];
    const outcome = await runNode([vitest, 'run', '--config', config, ...options]);
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ numPassedTests: 6, numFailedTests: 0 });
  }
  await rm(folder, { recursive: true });
});
