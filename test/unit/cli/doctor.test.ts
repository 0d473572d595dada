import { expect, describe as group, it } from 'vitest';
import { describe } from '../../../lib/cli/doctor/describe.js';
import { environmentFacts } from '../../../lib/cli/doctor/environment.js';
import { withoutSecrets } from '../../../lib/cli/doctor/private.js';
import type { DoctorReport } from '../../../lib/cli/doctor/report.js';

const report: DoctorReport = {
  gptorch: '0.1.0',
  node: { version: '20.19.0', nodeApi: '9', modules: '115', path: '/usr/bin/node' },
  platform: { name: 'linux', arch: 'x64', kernel: '6.1', system: 'Debian 12', glibc: '2.36' },
  cpu: { model: 'A processor', cores: 8, usable: 2, flags: ['avx2', 'fma'] },
  memory: { total: 16e9, limit: 4e9, free: 1e9, diskFree: 20e9 },
  tools: { compiler: null, python: null, cmake: null, ninja: null },
  libtorch: null,
  candidates: [{ rule: 'python', folder: '/p/torch', version: '2.9.0', cuda: true, problem: 'too old' }],
  addon: { folder: '/a', files: [], compiledAgainst: '2.13.0', floor: { GLIBC: '2.17' } },
  gpu: {
    driver: '580.65',
    libcuda: null,
    devices: ['NVIDIA H100, 580.65, 81559 MiB, 9.0'],
    usable: null,
    problem: null,
  },
  engine: null,
  environment: { OMP_NUM_THREADS: '2', LD_LIBRARY_PATH: '/opt/lib' },
  cache: { folder: '~/.cache/gptorch', holds: [{ name: 'libtorch-2.13.0-cpu', bytes: 5e8 }] },
  selfTest: null,
  problem: 'Cannot load gptorch.node\nRun something.',
};

it('a machine on which nothing loads is told in full', () => {
  expect(describe(report)).toBe(`\
gptorch      0.1.0
Node         20.19.0, Node-API 9, modules 115 (/usr/bin/node)
system       Debian 12 x64, kernel 6.1, glibc 2.36
CPU          A processor, 2 of 8 cores
             avx2 fma
memory       16.0 GB, limited to 4.0 GB, 1.0 GB free
environment  OMP_NUM_THREADS=2
             LD_LIBRARY_PATH=/opt/lib
python3      none
to compile   no compiler; no cmake; ninja none
libtorch     none that can be used
candidates   python: /p/torch, 2.9.0 with CUDA: too old
addon        /a: nothing
             compiled against 2.13.0, needs GLIBC 2.17
GPU          driver 580.65, libcuda not found
             NVIDIA H100, 580.65, 81559 MiB, 9.0
cache        ~/.cache/gptorch, 20.0 GB free on its disk
             libtorch-2.13.0-cpu  0.5 GB
problem      Cannot load gptorch.node
             Run something.
`);
});

it('one on which it computes has the choice and the self-test', () => {
  const libtorch = { folder: '/c', version: '2.13.0', device: 'cpu', rule: 'cache', rejected: ['python: /p: too old'] };
  const text = describe({
    ...report,
    libtorch,
    candidates: [{ rule: 'cache', folder: '/c', version: '2.13.0', cuda: false, problem: null }],
    engine: { instructionSet: 'AVX2', threads: 2 },
    gpu: { ...report.gpu, usable: 0, problem: 'libtorch is a CPU build' },
    selfTest: { ok: true, problem: null, loss: [4.2, 2.1], milliseconds: { step: 8.25, token: 1 } },
    problem: null,
  });
  expect(text).toContain("2 of 8 cores; 2 threads, libtorch's kernels for AVX2");
  expect(text).toContain('2.13.0 for cpu in /c (rule: cache)\n             python: /p: too old\n');
  expect(text).toContain('libcuda not found; 0 that this libtorch can use\n');
  expect(text).toContain('9.0\n             not used: libtorch is a CPU build\n');
  expect(text).toContain('cache: /c, 2.13.0: used\n');
  expect(text).toContain('self-test    loss 4.20 to 2.10; 8.3 ms a training step, 1.0 ms a token\nproblem      none\n');
});

group('nothing private is in it', () => {
  it('home is ~, at any depth, and no other folder is', () => {
    const value = { a: ['/home/ann/x', '/home/anna/x', 3, null], b: { c: 'in /home/ann: no' } };
    expect(withoutSecrets(value, '/home/ann')).toEqual({ a: ['~/x', '/home/anna/x', 3, null], b: { c: 'in ~: no' } });
    expect(withoutSecrets('/x', '/')).toBe('/x');
  });

  it('addresses lose name, password and query', () => {
    expect(withoutSecrets('https://ann:secret@proxy:3128/x?token=secret#sha256=ab failed')).toBe(
      'https://***@proxy:3128/x?***#sha256=ab failed',
    );
  });

  it('of the environment only what matters, and of keys only that they are set', () => {
    const env = { HF_TOKEN: 'secret', AWS_SECRET: 'x', OMP_NUM_THREADS: '4', https_proxy: 'http://p', NO_PROXY: '' };
    expect(environmentFacts(env)).toEqual({ OMP_NUM_THREADS: '4', HTTPS_PROXY: 'http://p', HF_TOKEN: '(set)' });
  });
});
