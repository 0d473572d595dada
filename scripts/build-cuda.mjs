// `npm run build:cuda`: compiles and links our operators' CUDA kernels into build/cuda/Release/libgptorch_ops_cuda.so. Needs nvcc
// and a C++ compiler, but no GPU and no driver. The headers and libraries of a CUDA build of torch come from pip's index (once,
// about 530 MB), or from a folder that is named:
//   npm run build:cuda [-- --libtorch <folder with include/ and lib/>] [--architectures '90;120']
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { configureAndBuild } from './bootstrap/cmake.mjs';
import { withCMakeTools } from './bootstrap/cmake-tools.mjs';
import { fail } from './bootstrap/failure.mjs';
import { withLock } from './bootstrap/lock.mjs';
import { checkNode } from './bootstrap/node-version.mjs';
import { ensureNpmPackages } from './bootstrap/npm-packages.mjs';
import { buildFolder, distFolder, root } from './bootstrap/paths.mjs';
import { step, write } from './bootstrap/step.mjs';
import { buildTypeScript } from './bootstrap/typescript.mjs';
import { checkLibrary } from './build-cuda/check-library.mjs';
import { describeLibrary } from './build-cuda/describe-library.mjs';
import { fetchTorch } from './build-cuda/fetch-torch.mjs';
import { findCompiler } from './build-cuda/nvcc.mjs';
import { describeRegistered } from './build-cuda/registered.mjs';

async function main() {
  const { values } = parseArgs({ options: { libtorch: { type: 'string' }, architectures: { type: 'string' } } });
  checkNode();
  await withLock(async () => {
    await ensureNpmPackages();
    await buildTypeScript();
  });
  const { readTorchVersion } = await import(join(distFolder, 'addon', 'torch-version.js'));
  const libtorch = values.libtorch === undefined ? await fetchTorch() : resolve(values.libtorch);
  const nvcc = findCompiler(libtorch);
  const folder = join(buildFolder, 'cuda');
  const env = { ...(await withCMakeTools()), CUDACXX: nvcc.file };
  const options = { GPTORCH_CUDA: 'ON', GPTORCH_LIBTORCH: libtorch };
  if (values.architectures !== undefined) options.CMAKE_CUDA_ARCHITECTURES = values.architectures;
  await step('cuda', `building with nvcc ${nvcc.version} and ${libtorch}`, (report) =>
    configureAndBuild(root, folder, { name: 'cuda', options, env, target: 'gptorch_ops_cuda', report }),
  );
  const file = join(folder, 'Release', 'libgptorch_ops_cuda.so');
  const library = describeLibrary(file);
  write(library.text);
  checkLibrary(library);
  write(await describeRegistered(file, readTorchVersion(libtorch)));
}

await main().catch(fail);
