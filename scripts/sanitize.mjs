// `npm run sanitize -- address [--short] [test files]` and `npm run sanitize -- thread`: our native code under g++'s sanitizers.
// A run passes when it found the faults that were planted for it and no other. The last line is `N passed, N failed`.

import { withCMakeTools } from './bootstrap/cmake-tools.mjs';
import { checkCompiler } from './bootstrap/compiler.mjs';
import { fail } from './bootstrap/failure.mjs';
import { ensureNpmPackages } from './bootstrap/npm-packages.mjs';
import { underAddress } from './sanitize/address.mjs';
import { underThread } from './sanitize/thread.mjs';
import { summarize } from './test/suite.mjs';

const kinds = { address: underAddress, thread: underThread };
const usage = `usage: npm run sanitize -- ${Object.keys(kinds).join('|')} [--short] [test files]`;

const [kind, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(kinds, kind)) {
  console.error(usage);
  process.exit(2);
}
try {
  await ensureNpmPackages();
  checkCompiler();
  const short = rest.includes('--short');
  const files = rest.filter((argument) => argument !== '--short');
  summarize(await kinds[kind]({ env: await withCMakeTools(), short, files }));
} catch (error) {
  fail(error);
}
