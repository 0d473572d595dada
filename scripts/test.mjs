// `npm test`: makes the checkout ready and runs every suite. Arguments after -- go to Vitest. The last line is
// `N passed, N failed` over all suites; above it stands what was skipped and why.
import { join } from 'node:path';
import { fail } from './bootstrap/failure.mjs';
import { root } from './bootstrap/paths.mjs';
import { bootstrap } from './bootstrap.mjs';
import { clangFormat } from './lint/clang-format.mjs';
import { native } from './test/native.mjs';
import { python } from './test/python.mjs';
import { check, outcomesOf, summarize } from './test/suite.mjs';
import { vitest } from './test/vitest.mjs';

const script = (...path) => join(root, 'node_modules', ...path);

const suites = [
  {
    name: 'biome',
    run: () =>
      check('biome', process.execPath, [script('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings']),
  },
  { name: 'clang-format', run: () => clangFormat({ fix: false }) },
  { name: 'tsc', run: () => check('tsc', process.execPath, [script('typescript', 'bin', 'tsc'), '--noEmit']) },
  { name: 'vitest', run: () => vitest(process.argv.slice(2)) },
  { name: 'native', run: native },
  { name: 'python', run: python },
];

await bootstrap().catch((error) => {
  process.once('exit', () => console.log('0 passed, 1 failed'));
  fail(error);
});
const outcomes = [];
for (const suite of suites) {
  console.log();
  outcomes.push(...(await outcomesOf(suite)));
}
summarize(outcomes);
