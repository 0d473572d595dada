import { join } from 'node:path';
import { outputOf } from '../bootstrap/commands.mjs';
import { buildNativeTests, runNativeTests } from '../test/native.mjs';
import { clearReports, countReports, expectReport } from './reports.mjs';
import { threadSanitizer } from './sanitizer.mjs';

const race = { kind: 'data-race', expected: /WARNING: ThreadSanitizer: data race/ };

/**
 * The engine's queue, the way back to JavaScript and the other code that needs no libtorch. libtorch itself is not
 * instrumented: its OpenMP teams would give reports that mean nothing.
 *
 * @param {{ env: NodeJS.ProcessEnv }} options
 */
export async function underThread({ env }) {
  const sanitizer = threadSanitizer();
  const folder = join(sanitizer.folder, 'tests');
  await buildNativeTests(folder, { env, sanitize: sanitizer.flags });
  // The runtime's shadow memory has fixed places, which randomised addresses of newer kernels may take.
  const launcher = outputOf('setarch', ['-R', 'true']) === undefined ? [] : ['setarch', '-R'];

  clearReports(sanitizer.reports);
  const [planted, ...plantedArgs] = [...launcher, join(folder, 'planted_fault'), race.kind];
  return [
    expectReport('a program', race, planted, plantedArgs, sanitizer),
    await runNativeTests(folder, { env: sanitizer.env, launcher }),
    countReports(sanitizer.reports),
  ];
}
