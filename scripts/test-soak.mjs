// `npm run test:soak`: test/fault in its long form (10,000 training steps, hundreds of workers, every exit 20 times) and the
// server under 200 clients for 3 minutes; more than 13 minutes. `npm test` runs the same tests in their short form.
// Arguments after -- go to Vitest: files, `-t name`.
import { fail } from './bootstrap/failure.mjs';
import { bootstrap } from './bootstrap.mjs';
import { summarize } from './test/suite.mjs';
import { vitest } from './test/vitest.mjs';

await bootstrap().catch(fail);
process.env.GPTORCH_SOAK = '1';
const args = process.argv.slice(2);
summarize([await vitest(args.some((arg) => !arg.startsWith('-')) ? args : ['test/fault', 'test/serve/load', ...args])]);
