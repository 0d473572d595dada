import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const suffix = process.platform === 'darwin' ? 'dylib' : 'so';

/** Makes a folder that looks like libtorch to everything but dlopen. */
export function makeLibtorch(
  folder: string,
  version: string,
  parts: { headers?: boolean; cuda?: boolean } = {},
): string {
  const names = ['c10', 'torch_cpu', ...(parts.cuda ? ['c10_cuda', 'torch_cuda'] : [])];
  for (const name of names) write(join(folder, 'lib', `lib${name}.${suffix}`), 'not a library');
  if (parts.headers) write(join(folder, 'include', 'ATen', 'ATen.h'), '');
  write(join(folder, 'version.py'), `__version__ = '${version}'\n`);
  return folder;
}

/** Makes a `python3` that runs a shell script, and returns the folder to put on PATH. */
export function makePython(folder: string, script: string): string {
  const file = join(folder, 'python3');
  write(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return folder;
}

export function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}
