import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { jobs } from '../bootstrap/cmake.mjs';
import { buildFolder, root } from '../bootstrap/paths.mjs';
import { runCommand } from './command.mjs';

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
/** What computes on a device. */
const parityFiles = [
  'modules',
  'functions',
  'models',
  'tasks',
  'training',
  'generation',
  'beams',
  'sampling',
  'checkpoints',
  'dropout',
  'bfloat16',
];

/**
 * Plain cmake, against the torch of python3.
 *
 * @returns {Promise<{ ok: boolean, addon?: string, problem?: string }>}
 */
export async function build({ device, addon }, milliseconds) {
  if (addon !== undefined) return { ok: existsSync(join(addon, 'gptorch.node')), addon: resolve(addon) };
  const folder = join(buildFolder, 'device');
  const generator = ['-G', 'Ninja'];
  const cuda = device === 'cpu' ? [] : ['-DGPTORCH_CUDA=ON', '-DCMAKE_CUDA_ARCHITECTURES=native'];
  const until = performance.now() + milliseconds;
  const left = () => ({ milliseconds: until - performance.now() });
  const configured = await runCommand(['cmake', '-S', root, '-B', folder, ...generator, ...cuda], left());
  if (!configured.ok) return configured;
  const { ok, problem } = await runCommand(['cmake', '--build', folder, '--parallel', jobs()], left());
  return { ok, problem, addon: join(folder, 'Release') };
}

/** @returns {[name: string, run: (context: object, milliseconds: number) => Promise<object>][]} */
export function stages({ device }) {
  const cuda = device !== 'cpu';
  return [
    ['parity', parity],
    ['operators', operators],
    ...(cuda
      ? [
          ['memcheck', sanitizer('memcheck')],
          ['racecheck', sanitizer('racecheck')],
        ]
      : []),
    ['training', training],
    ['decoding', decoding],
  ];
}

/** The libtorch is the one that was built against: it stands in libtorch.json beside the addon. */
function environment({ addon, device }) {
  return { GPTORCH_ADDON: addon, GPTORCH_LIBTORCH: device === 'cpu' ? 'auto' : 'cuda', GPTORCH_TEST_DEVICE: device };
}

async function parity(context, milliseconds) {
  const report = join(context.work, 'parity.json');
  const chosen = context.tiny ? ['modules', 'dropout'] : parityFiles;
  const files = chosen.map((name) => `test/parity/${name}.test.ts`);
  const args = ['run', ...files, '--no-file-parallelism', '--reporter=json', `--outputFile=${report}`];
  const { ok, problem } = await runCommand([process.execPath, vitest, ...args], {
    env: environment(context),
    milliseconds,
  });
  if (!existsSync(report)) return { ok: false, problem: problem ?? 'vitest wrote no report' };
  const { numPassedTests: passed, numFailedTests: failed, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failures = testResults.flatMap(({ message, assertionResults }) => [
    ...(message ? [message] : []),
    ...assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split('\n')[0]}`),
  ]);
  return { ok: ok && passed > 0, passed, failed, failures, problem: failures[0] };
}

async function operators(context, milliseconds) {
  const { ok, stdout, problem } = await runCommand(operatorChecks(context), { milliseconds });
  return { ok, totals: stdout.trim().split('\n').at(-1), problem };
}

function operatorChecks({ addon, device, tiny }, only = tiny ? ['dropout'] : []) {
  const cuda = device === 'cpu' ? [] : ['--cuda-library', join(addon, 'libgptorch_ops_cuda.so'), '--device', device];
  const chosen = only.length > 0 ? ['--only', ...only] : [];
  const script = join(root, 'test', 'python', 'test_ops.py');
  return [python(), script, '--library', join(addon, 'libgptorch_ops.so'), ...cuda, ...chosen];
}

/** Of the operators those that have kernels of ours; what libtorch runs beside them is checked as well. */
function sanitizer(tool) {
  return async (context, milliseconds) => {
    const checks = operatorChecks(context, ['dropout', 'linear_cross_entropy', 'block_attention']);
    const command = ['compute-sanitizer', '--tool', tool, '--error-exitcode', '9', ...checks];
    const { ok, stdout, problem } = await runCommand(command, { milliseconds: Math.min(milliseconds, 120_000) });
    return { ok, totals: stdout.trim().split('\n').slice(-2).join('; '), problem };
  };
}

function training(context, milliseconds) {
  const { device, tiny } = context;
  const size = device === 'cpu' || tiny ? ['--size', 'char', '--rounds', '1', '--steps', '2'] : ['--size', 'gpt2'];
  return benchmark('train', size, context, milliseconds);
}

function decoding(context, milliseconds) {
  const { device, tiny } = context;
  const short = ['--size', 'tiny', '--rounds', '1', '--new-tokens', '8'];
  return benchmark('decode', device === 'cpu' || tiny ? short : ['--size', 'gpt2'], context, milliseconds);
}

/** @returns {Promise<{ ok: boolean, problem?: string, benchmark?: { name: string, result: object } }>} */
async function benchmark(name, size, context, milliseconds) {
  const { device, tiny } = context;
  const settings = [...size, ...(tiny ? ['--no-compile'] : []), '--device', device, '--dtype', 'bfloat16', '--json'];
  const command = [process.execPath, join(root, 'scripts', 'bench', 'main.mjs'), name, ...settings];
  const { ok, stdout, problem } = await runCommand(command, { env: environment(context), milliseconds });
  return { ok, problem, ...(ok && { benchmark: { name, result: JSON.parse(stdout) } }) };
}

function python() {
  return process.env.GPTORCH_PYTHON ?? 'python3';
}
