import type { DoctorReport } from './report.js';

const indent = 13;

/** The report as lines of text. */
export function describe(report: DoctorReport): string {
  const rows = [...machine(report), ...libraries(report), ...result(report)];
  return rows
    .map(([name, value]) => `${name.padEnd(indent)}${value.replaceAll('\n', `\n${' '.repeat(indent)}`)}\n`)
    .join('');
}

type Row = [name: string, value: string];

function machine({ gptorch, node, platform, cpu, memory, tools, environment, engine }: DoctorReport): Row[] {
  const system = `${platform.system ?? platform.name} ${platform.arch}, kernel ${platform.kernel}`;
  const limit = memory.limit === null ? '' : `, limited to ${gigabytes(memory.limit)}`;
  const threads = engine === null ? '' : `; ${engine.threads} threads, libtorch's kernels for ${engine.instructionSet}`;
  const variables = Object.entries(environment).map((pair) => pair.join('='));
  return [
    ['gptorch', gptorch],
    ['Node', `${node.version}, Node-API ${node.nodeApi}, modules ${node.modules} (${node.path})`],
    ['system', `${system}, glibc ${platform.glibc ?? 'none'}`],
    ['CPU', `${cpu.model}, ${cpu.usable} of ${cpu.cores} cores${threads}\n${cpu.flags.join(' ') || 'flags unknown'}`],
    ['memory', `${gigabytes(memory.total)}${limit}, ${gigabytes(memory.free)} free`],
    ['environment', variables.join('\n') || 'nothing set that matters'],
    ['python3', tools.python ?? 'none'],
    ['to compile', `${tools.compiler ?? 'no compiler'}; ${tools.cmake ?? 'no cmake'}; ninja ${tools.ninja ?? 'none'}`],
  ];
}

function libraries({ libtorch, candidates, addon, gpu, cache, memory }: DoctorReport): Row[] {
  const chosen =
    libtorch && `${libtorch.version} for ${libtorch.device} in ${libtorch.folder} (rule: ${libtorch.rule})`;
  const found = candidates.map(({ rule, folder, version, cuda, problem }) => {
    const fit = problem ?? (rule === libtorch?.rule && folder === libtorch.folder ? 'used' : 'would do');
    return `${rule}: ${folder}, ${version ?? 'version unknown'}${cuda ? ' with CUDA' : ''}: ${fit}`;
  });
  const needs =
    addon.floor &&
    `, needs ${Object.entries(addon.floor)
      .map((pair) => pair.join(' '))
      .join(', ')}`;
  const holds = cache.holds.map(({ name, bytes }) => `${name}  ${gigabytes(bytes)}`);
  const free = memory.diskFree === null ? '' : `, ${gigabytes(memory.diskFree)} free on its disk`;
  return [
    ['libtorch', [chosen ?? 'none that can be used', ...(libtorch?.rejected ?? [])].join('\n')],
    ['candidates', found.join('\n') || 'none'],
    [
      'addon',
      `${addon.folder}: ${addon.files.join(', ') || 'nothing'}\ncompiled against ${addon.compiledAgainst ?? 'nothing'}${needs ?? ''}`,
    ],
    ['GPU', gpuText(gpu)],
    ['cache', [`${cache.folder}${free}`, ...holds].join('\n')],
  ];
}

function gpuText({ driver, libcuda, devices, usable, problem }: DoctorReport['gpu']): string {
  if (driver === null && devices.length === 0) return 'no NVIDIA driver';
  const use = usable === null ? '' : `; ${usable} that this libtorch can use`;
  const lines = [`driver ${driver ?? 'unknown'}, libcuda ${libcuda ?? 'not found'}${use}`, ...devices];
  return (problem === null ? lines : [...lines, `not used: ${problem}`]).join('\n');
}

function result({ selfTest, problem }: DoctorReport): Row[] {
  const rows: Row[] = [];
  if (selfTest?.milliseconds && selfTest.loss) {
    const [first, last] = selfTest.loss.map((loss) => loss.toFixed(2));
    const { step, token } = selfTest.milliseconds;
    rows.push([
      'self-test',
      `loss ${first} to ${last}; ${step.toFixed(1)} ms a training step, ${token.toFixed(1)} ms a token`,
    ]);
  }
  rows.push(['problem', problem ?? 'none']);
  return rows;
}

function gigabytes(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
