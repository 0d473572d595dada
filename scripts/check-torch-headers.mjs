// Compiles every native source (no objects) against another libtorch's headers, to show that gptorch builds with it too:
//   node scripts/check-torch-headers.mjs <folder with include/>   or   <version>, whose headers pip fetches into the cache
// With --fetch it only fetches.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Failure, fail } from './bootstrap/failure.mjs';
import { root } from './bootstrap/paths.mjs';
import { filesUnder } from './bootstrap/stamp.mjs';
import { step, write } from './bootstrap/step.mjs';
import { canCompile, compileAll } from './check-torch-headers/compile-all.mjs';
import { fetchHeaders } from './check-torch-headers/fetch-headers.mjs';

async function main() {
  const fetchOnly = process.argv[2] === '--fetch';
  const wanted = process.argv[fetchOnly ? 3 : 2] ?? process.env.GPTORCH_CHECK_TORCH;
  if (!wanted) throw new Failure('usage: check-torch-headers.mjs <folder with include/ | version>', { exitCode: 2 });
  const folder = /^\d+\.\d+\.\d+$/.test(wanted) ? await fetchHeaders(wanted) : resolve(wanted);
  if (!existsSync(join(folder, 'include', 'ATen', 'ATen.h'))) throw new Failure(`${folder} has no include/ATen/ATen.h`);

  if (fetchOnly) return;
  const all = filesUnder(join(root, 'native')).filter((file) => file.endsWith('.cc'));
  const sources = all.filter(canCompile);
  for (const source of all.filter((file) => !sources.includes(file)))
    write(`${relative(root, source)} is left out: there is no CUDA`);
  const failed = await step('headers', `compiling ${sources.length} sources against ${folder}`, (report) =>
    compileAll(sources, folder, availableParallelism(), report),
  );
  for (const { source, output } of failed) write(`\n${relative(root, source)}\n${output}`);
  if (failed.length > 0)
    throw new Failure(`${failed.length} of ${sources.length} sources do not compile against ${folder}`);
}

await main().catch(fail);
