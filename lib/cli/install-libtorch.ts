import type { Command } from 'commander';
import { AmountProgress, megabytes } from './amount-progress.js';
import { writeJsonLine, writeOut } from './output.js';

interface InstallLibtorchOptions {
  cuda?: boolean;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export function addInstallLibtorch(program: Command): void {
  program
    .command('install-libtorch')
    .description("fetch libtorch into gptorch's cache; a download that broke off is continued")
    .option('--cuda', "CUDA's libtorch with NVIDIA's libraries (CUDA 13, several GB), in place of the CPU's")
    .option('--force', 'fetch it again where it is there already')
    .option('--json', 'the folder as one JSON line')
    .option('--quiet', 'no progress on stderr')
    .option('--verbose', 'stack traces of errors')
    .action(run);
}

async function run({ cuda = false, force = false, json = false, quiet = false }: InstallLibtorchOptions) {
  const { installLibtorch } = await import('../addon/install/install-libtorch.js');
  const { hasNvidiaDriver } = await import('../addon/locate-libtorch.js');
  const { readTorchVersion } = await import('../addon/torch-version.js');
  const progress = new AmountProgress({ quiet, format: megabytes });
  const folder = await installLibtorch({
    cuda,
    force,
    onProgress: ({ what, done, total }) => progress.update(what, done, total),
  }).finally(() => progress.end());
  const version = readTorchVersion(folder) ?? null;
  const device = cuda ? 'cuda' : 'cpu';
  if (json) await writeJsonLine({ folder, version, device });
  else await writeOut(`libtorch ${version} (${device}) is in ${folder}\n`);
  if (cuda && !hasNvidiaDriver() && !quiet) {
    process.stderr.write("No NVIDIA driver answers on this machine: until one does, the CPU's libtorch is used.\n");
  }
}
