// `npm run bench -- train|generate|decode|engine|tasks|ranks [options]`: makes the checkout ready, then measures.
import { join } from 'node:path';
import { fail } from './bootstrap/failure.mjs';
import { root } from './bootstrap/paths.mjs';
import { bootstrap } from './bootstrap.mjs';
import { passThrough } from './pass-through.mjs';

await bootstrap().catch(fail);
passThrough(process.execPath, [join(root, 'scripts', 'bench', 'main.mjs'), ...process.argv.slice(2)]);
