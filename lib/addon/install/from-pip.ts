import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LoadError } from '../../errors.js';
import { fetchedTorch } from '../torch-version.js';
import { runPip } from './pip.js';
import { isKept, type Source, type SourceOptions } from './source.js';
import { unzip } from './unzip.js';

/** Lets the active python3's pip fetch the wheels: it knows the indexes, mirrors and passwords of its machine. */
export const fromPip: Source = (options) => (options.device === 'cuda' ? installCuda(options) : installCpu(options));

async function installCpu({ unpacked, temporary, env, report }: SourceOptions): Promise<void> {
  const requirement = process.platform === 'darwin' ? `torch==${fetchedTorch}` : `torch==${fetchedTorch}+cpu`;
  const destination = join(temporary, 'pip');
  // pip writes its partial file to TMPDIR, which may be too small for it.
  await watched(temporary, report, () =>
    runPip(['download', '--no-deps', '--only-binary=:all:', '--dest', destination, requirement], {
      ...env,
      TMPDIR: temporary,
    }),
  );
  const file = (await readdir(destination)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new LoadError('pip downloaded no wheel');
  report({ what: `unpacking ${file}` });
  await unzip(join(destination, file), unpacked, isKept);
}

async function installCuda({ unpacked, temporary, env, report }: SourceOptions): Promise<void> {
  // `===` compares as text: it takes the plain version, which is CUDA's, where `==` would take `+cpu` too.
  await watched(temporary, report, () =>
    runPip(['install', '--target', unpacked, `torch===${fetchedTorch}`], { ...env, TMPDIR: temporary }),
  );
}

/** pip tells its progress to terminals only, so the folder is watched instead. */
async function watched(folder: string, report: SourceOptions['report'], work: () => Promise<void>): Promise<void> {
  const timer = setInterval(() => report({ what: 'pip', done: sizeOf(folder) }), 1000);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(
    (entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
