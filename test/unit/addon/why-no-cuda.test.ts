import { expect, test } from 'vitest';
import { type CudaFacts, whyNoCuda } from '../../../lib/addon/why-no-cuda.js';

type Changes = { [Part in keyof CudaFacts]?: Partial<CudaFacts[Part]> };

const libtorch: CudaFacts['libtorch'] = {
  folder: '/cuda/torch',
  version: '2.13.0',
  device: 'cuda',
  rejected: [],
  libraries: ['c10_cuda', 'torch_cuda'],
  cuda: '13.0',
};
const driver: CudaFacts['driver'] = { version: 13000, devices: ['NVIDIA A100'] };

/** A machine where CUDA works, but for what a test changes. */
function facts(changes: Omit<Changes, 'devices' | 'operatorsProblem'> & Partial<CudaFacts> = {}): CudaFacts {
  return {
    devices: 1,
    operatorsProblem: undefined,
    ...changes,
    libtorch: { ...libtorch, ...changes.libtorch },
    driver: { ...driver, ...changes.driver },
    env: changes.env ?? {},
  };
}

test('nothing is wrong where all is there', () => {
  expect(whyNoCuda(facts())).toBeUndefined();
  expect(whyNoCuda(facts({ driver: { version: 13020, devices: ['a', 'b'] }, devices: 2 }))).toBeUndefined();
});

test('an index beyond the devices is named with those that are there', () => {
  expect(whyNoCuda(facts({ devices: 2 }), 1)).toBeUndefined();
  expect(whyNoCuda(facts({ devices: 2 }), 2)).toBe('there is only cuda:0, cuda:1');
});

const cpuBuild = { ...libtorch, folder: '/cpu/torch', device: 'cpu', libraries: [], cuda: undefined } as const;
const noDriver = { version: undefined, devices: [], problem: 'libcuda.so.1: cannot open shared object file' };

test.each<[string, CudaFacts, RegExp]>([
  [
    'no driver, even where libtorch is a CPU build too',
    facts({ driver: noDriver, libtorch: cpuBuild, devices: 0 }),
    /^there is no NVIDIA driver \(libcuda\.so\.1: cannot open.*\); install NVIDIA's driver for CUDA 13\.0 \(580 or newer\)$/,
  ],
  [
    'a driver that is too old',
    facts({ driver: { version: 12040, devices: ['NVIDIA A100'] }, devices: 0 }),
    /^NVIDIA's driver runs CUDA 12\.4 at most, libtorch needs 13\.0; install NVIDIA's driver for CUDA 13\.0 \(580 or newer\)$/,
  ],
  [
    'a driver that is too old for a libtorch of another CUDA',
    facts({ driver: { version: 11080, devices: ['NVIDIA A100'] }, libtorch: { ...libtorch, cuda: '12.8' } }),
    /^NVIDIA's driver runs CUDA 11\.8 at most, libtorch needs 12\.8; install NVIDIA's driver for CUDA 12\.8$/,
  ],
  [
    'a driver that does not start',
    facts({ driver: { version: 13000, devices: [], problem: 'system not yet initialized (802)' } }),
    /^NVIDIA's driver does not start: system not yet initialized \(802\); see what nvidia-smi says$/,
  ],
  [
    'no GPU',
    facts({ driver: { version: 13000, devices: [] }, devices: 0 }),
    /^NVIDIA's driver \(CUDA 13\.0\) shows no GPU$/,
  ],
  [
    'a hidden GPU',
    facts({ driver: { version: 13000, devices: [] }, devices: 0, env: { CUDA_VISIBLE_DEVICES: '-1' } }),
    /shows no GPU with CUDA_VISIBLE_DEVICES=-1$/,
  ],
  [
    'a CPU build of libtorch',
    facts({ libtorch: cpuBuild, devices: 0 }),
    /^libtorch 2\.13\.0 in \/cpu\/torch is a CPU build; run `npx gptorch install-libtorch --cuda` \(several GB\)$/,
  ],
  [
    'a CUDA build with a library missing',
    facts({ libtorch: { ...libtorch, device: 'cpu', libraries: ['c10_cuda'] }, devices: 0 }),
    /^libtorch 2\.13\.0 in \/cuda\/torch lacks libtorch_cuda; run `npx gptorch install-libtorch --cuda`$/,
  ],
  [
    'a CUDA build that was asked to serve the CPU',
    facts({ libtorch: { ...libtorch, device: 'cpu' }, devices: 0, env: { GPTORCH_LIBTORCH: 'cpu' } }),
    /was opened for the CPU alone, as GPTORCH_LIBTORCH=cpu asks for; unset it$/,
  ],
  [
    'a CUDA build whose trial failed',
    facts({
      libtorch: {
        ...libtorch,
        device: 'cpu',
        rejected: ['cache: /cuda/torch: its CUDA part does not work here: it crashed'],
      },
      devices: 0,
    }),
    /was opened for the CPU alone: its CUDA part does not work here: it crashed$/,
  ],
  [
    'a CUDA build that was opened for the CPU for another reason',
    facts({ libtorch: { ...libtorch, device: 'cpu' }, devices: 0 }),
    /was opened for the CPU alone: set GPTORCH_LIBTORCH=cuda to open it for CUDA$/,
  ],
  [
    'a GPU that libtorch cannot use',
    facts({ devices: 0 }),
    /^libtorch 2\.13\.0 in \/cuda\/torch can use none of the driver's GPUs \(NVIDIA A100\)$/,
  ],
  [
    "gptorch's own kernels missing",
    facts({ operatorsProblem: 'there is no libgptorch_ops_cuda.so in /a or /b' }),
    /^gptorch's CUDA kernels are not loaded \(there is no libgptorch_ops_cuda\.so in \/a or \/b\); in a checkout run `npm run build:cuda`$/,
  ],
])('%s is named with what to do', (_, broken, says) => {
  expect(whyNoCuda(broken)).toMatch(says);
});
