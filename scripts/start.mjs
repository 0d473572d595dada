// `npm start`: makes the checkout ready, then runs the demonstration. Arguments after -- go to it.
import { join } from 'node:path';
import { fail } from './bootstrap/failure.mjs';
import { distFolder } from './bootstrap/paths.mjs';
import { bootstrap } from './bootstrap.mjs';
import { passThrough } from './pass-through.mjs';

await bootstrap().catch(fail);
passThrough(process.execPath, [join(distFolder, 'cli', 'main.js'), 'demo', ...process.argv.slice(2)]);
