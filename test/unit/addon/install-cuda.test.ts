import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { installLibtorch } from '../../../lib/addon/install/install-libtorch.js';
import type { InstallProgress } from '../../../lib/addon/install/source.js';
import { librariesToOpen } from '../../../lib/addon/libtorch-files.js';
import { fetchedTorch } from '../../../lib/addon/torch-version.js';
import { makeWheel, makeZip } from './fake-wheel.js';
import { serve } from './serve.js';
import { temporaryFolder } from './temporary-folder.js';

const linux = process.platform === 'linux';
const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** A wheel of NVIDIA's: one library, a header, a licence. */
function nvidia(name: string, library: string, needs = ''): Buffer {
  return makeZip({
    [`nvidia/cu13/lib/${library}`]: 'not a library',
    'nvidia/cu13/include/cuda.h': 'not kept',
    [`${name}.dist-info/licenses/License.txt`]: 'licence',
    [`${name}.dist-info/METADATA`]: `Name: ${name}\n${needs}`,
  });
}

const wheels: Record<string, Buffer> = {
  [`torch-${fetchedTorch}+cpu-cp312-cp312-manylinux_2_28_${machine}.whl`]: makeWheel(fetchedTorch),
  [`torch-${fetchedTorch}+cu130-cp312-cp312-manylinux_2_28_${machine}.whl`]: makeWheel(fetchedTorch, {
    'torch/lib/libtorch_cuda.so': 'not a library',
    'torch/lib/libc10_cuda.so': 'not a library',
    'torch-1.dist-info/METADATA':
      'Requires-Dist: sympy>=1.13.3\nRequires-Dist: triton==3.7.1; platform_system == "Linux"\n' +
      'Requires-Dist: cuda-toolkit[cudart,cupti]==13.0.3; platform_system == "Linux"\n' +
      'Requires-Dist: nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"\n',
  }),
  'cuda_toolkit-13.0.3.0-py2.py3-none-any.whl': makeZip({
    'cuda_toolkit.dist-info/METADATA':
      "Requires-Dist: nvidia-cuda-runtime==13.0.96.*; sys_platform == 'linux' and extra == 'cudart'\n" +
      "Requires-Dist: nvidia-cuda-cupti==13.0.85.*; sys_platform == 'linux' and extra == 'cupti'\n" +
      "Requires-Dist: nvidia-npp==13.0.1.2.*; sys_platform == 'linux' and extra == 'npp'\n",
  }),
  [`nvidia_cuda_runtime-13.0.96-py3-none-manylinux_2_27_${machine}.whl`]: nvidia('runtime', 'libcudart.so.13'),
  [`nvidia_cuda_runtime-13.1.9-py3-none-manylinux_2_27_${machine}.whl`]: Buffer.from('too new'),
  [`nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_27_${machine}.whl`]: nvidia('cupti', 'libcupti.so.13'),
  [`nvidia_cudnn_cu13-9.20.0.48-py3-none-manylinux_2_27_${machine}.whl`]: nvidia(
    'cudnn',
    'libcudnn.so.9',
    'Requires-Dist: nvidia-cuda-runtime\n',
  ),
  'nvidia_cudnn_cu13-9.20.0.48-py3-none-win_amd64.whl': Buffer.from('for another system'),
};

async function serveWheels(refused: { name?: string } = {}) {
  return serve(({ url = '' }, response) => {
    const file = wheels[decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))];
    const project = /^\/whl\/cpu\/([\w-]+)\/$/.exec(url)?.[1]?.replaceAll('-', '_');
    if (project !== undefined) {
      const names = Object.keys(wheels).filter((name) => name.startsWith(`${project}-`));
      response.end(names.map((name) => `<a href="/files/${encodeURIComponent(name)}">${name}</a>`).join(''));
    } else if (file === undefined || url.includes(refused.name ?? 'nothing')) response.writeHead(404).end();
    else response.end(file);
  });
}

test.runIf(linux)("CUDA's libtorch comes with NVIDIA's libraries, and nothing of Python", async () => {
  const { url } = await serveWheels();
  const env = { PATH: '', XDG_CACHE_HOME: temporaryFolder(), GPTORCH_LIBTORCH_URL: url };
  const progress: InstallProgress[] = [];
  const folder = await installLibtorch({ env, cuda: true, onProgress: (each) => progress.push(each) });
  expect(folder).toBe(join(env.XDG_CACHE_HOME, 'gptorch', `libtorch-${fetchedTorch}-cuda`, 'torch'));
  expect(librariesToOpen(folder, 'cuda').map((file) => relative(join(folder, '..'), file))).toEqual([
    'nvidia/cu13/lib/libcudart.so.13',
    'nvidia/cu13/lib/libcupti.so.13',
    'torch/lib/libc10.so',
    'torch/lib/libtorch_cpu.so',
    'torch/lib/libc10_cuda.so',
    'torch/lib/libtorch_cuda.so',
  ]);
  expect(readdirSync(join(folder, '..', 'nvidia', 'cu13'))).toEqual(['lib']);
  expect(existsSync(join(folder, '..', 'cudnn.dist-info', 'licenses', 'License.txt'))).toBe(true);
  expect(readdirSync(join(env.XDG_CACHE_HOME, 'gptorch'))).toEqual([`libtorch-${fetchedTorch}-cuda`]);
  expect(progress.map(({ what }) => what)).toContain('unpacking cuda_toolkit-13.0.3.0-py2.py3-none-any.whl');
});

test.runIf(linux)('what was fetched before a failure is not fetched again', async () => {
  const refused = { name: 'cupti-13' };
  const { url, requests } = await serveWheels(refused);
  const env = { PATH: '', XDG_CACHE_HOME: temporaryFolder(), GPTORCH_LIBTORCH_URL: url };
  await expect(installLibtorch({ env, cuda: true })).rejects.toThrow(/cupti.*answered 404/);
  expect(existsSync(join(env.XDG_CACHE_HOME, 'gptorch', `libtorch-${fetchedTorch}-cuda`))).toBe(false);
  refused.name = 'nothing';
  await installLibtorch({ env, cuda: true });
  const wheelRequests = requests.filter((request) => request.includes('torch-') && request.endsWith('.whl'));
  expect(wheelRequests).toHaveLength(1);
});

test('one wheel is not enough for CUDA', async () => {
  const env = { PATH: '', XDG_CACHE_HOME: temporaryFolder(), GPTORCH_LIBTORCH_URL: 'http://127.0.0.1:9/torch.whl' };
  await expect(installLibtorch({ env, cuda: true })).rejects.toThrow('needs an index');
});

test('with force a new one takes the place of the old one; of two processes one waits', async () => {
  const name = linux ? `manylinux_2_28_${machine}` : 'macosx_11_0_arm64';
  const { url, requests } = await serve((_request, response) => response.end(makeWheel(fetchedTorch)));
  const address = `${url}/torch-${fetchedTorch}-cp312-cp312-${name}.whl`;
  const env = { PATH: '', XDG_CACHE_HOME: temporaryFolder(), GPTORCH_LIBTORCH_URL: address };
  const cache = join(env.XDG_CACHE_HOME, 'gptorch');
  mkdirSync(join(cache, '.libtorch-cpu-killed'), { recursive: true });
  writeFileSync(join(cache, '.libtorch-cpu-lock'), '999999999');
  const [first, second] = await Promise.all([installLibtorch({ env }), installLibtorch({ env })]);
  expect([first, requests.length]).toEqual([second, 1]);
  expect(readdirSync(cache)).toEqual([`libtorch-${fetchedTorch}-cpu`]);

  writeFileSync(join(first, 'version.py'), 'old');
  await installLibtorch({ env });
  expect(readFileSync(join(first, 'version.py'), 'utf8')).toBe('old');
  await installLibtorch({ env, force: true });
  expect(readFileSync(join(first, 'version.py'), 'utf8')).toContain(fetchedTorch);
});
