import { readdirSync } from 'node:fs';
import { type MachineFacts, machineFacts } from './doctor-facts.js';
import { writeJsonLine, writeOut } from './output.js';

export interface DoctorReport extends MachineFacts {
  /** `rule` is what led to the folder; see `LibtorchRule`. */
  libtorch: { folder: string; version: string; device: string; rule: string } | null;
  addon: { folder: string; compiledAgainst: string; opsLibrary: string | null } | null;
  /** Why the addon did not load, or null. */
  problem: string | null;
}

/** Says what gptorch finds on this machine and whether its addon loads. Sets exit code 1 when it does not. */
export async function doctor(options: { json: boolean }): Promise<void> {
  const report = await examine();
  if (options.json) await writeJsonLine(report);
  else await writeOut(describe(report));
  if (report.problem !== null) process.exitCode = 1;
}

async function examine(): Promise<DoctorReport> {
  const facts = machineFacts();
  try {
    const { addon, addonFolder, libtorch } = await import('../addon/load.js');
    const opsLibrary = readdirSync(addonFolder).find((name) => /^libgptorch_ops\.(so|dylib)$/.test(name)) ?? null;
    const { torchVersion: compiledAgainst } = addon;
    return { ...facts, libtorch, addon: { folder: addonFolder, compiledAgainst, opsLibrary }, problem: null };
  } catch (error) {
    return { ...facts, libtorch: null, addon: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

function describe(report: DoctorReport): string {
  const { node, platform, cpu, threads, tools, libtorch, addon, cuda, cache } = report;
  const rows: [string, string][] = [
    ['Node', `${node.version}, Node-API ${node.nodeApi} (${node.path})`],
    ['platform', `${platform.name} ${platform.arch}, kernel ${platform.kernel}, glibc ${platform.glibc ?? 'none'}`],
    ['CPU', `${cpu.model}, ${cpu.cores} cores, ${cpu.flags.join(' ') || 'flags unknown'}`],
    [
      'threads',
      `OMP_NUM_THREADS ${threads.OMP_NUM_THREADS ?? 'unset'}, MKL_NUM_THREADS ${threads.MKL_NUM_THREADS ?? 'unset'}`,
    ],
    ['compiler', tools.compiler ?? 'none'],
    ['python3', tools.python ?? 'none'],
    ['cmake', `${tools.cmake ?? 'none'}, ninja ${tools.ninja ?? 'none'}`],
    ['CUDA driver', cuda.driver ?? 'none'],
    ['cache', `${cache.folder}: ${cache.holds.join(', ') || 'empty'}`],
  ];
  if (libtorch)
    rows.push([
      'libtorch',
      `${libtorch.version} for ${libtorch.device} in ${libtorch.folder} (rule: ${libtorch.rule})`,
    ]);
  if (addon)
    rows.push([
      'addon',
      `${addon.folder}, compiled against ${addon.compiledAgainst}, ${addon.opsLibrary ?? 'no operators'}`,
    ]);
  if (report.problem !== null) rows.push(['problem', report.problem.replaceAll('\n', `\n${' '.repeat(13)}`)]);
  return rows.map(([name, value]) => `${name.padEnd(12)} ${value}\n`).join('');
}
