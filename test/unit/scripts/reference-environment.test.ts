import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { write } from '../addon/fake-libtorch.js';
import { temporaryFolder } from '../addon/temporary-folder.js';

const script = fileURLToPath(new URL('../../../scripts/reference/environment.py', import.meta.url));

/** Debian's Python without python3-venv: it makes the folder, but gets no pip into it. */
const venvWithoutPip = `
import pathlib, subprocess
def create(folder, **options):
    pathlib.Path(folder, "bin").mkdir(parents=True, exist_ok=True)
    pathlib.Path(folder, "bin", "python").touch()
    raise subprocess.CalledProcessError(1, ["ensurepip"])
`;

test('a Python without ensurepip is told with what to install, also where a making was broken off before', () => {
  const checkout = temporaryFolder();
  const reference = join(checkout, 'scripts', 'reference');
  mkdirSync(reference, { recursive: true });
  copyFileSync(script, join(reference, 'environment.py'));
  write(join(reference, 'requirements.txt'), 'torch==0.0.0\n');
  write(join(reference, 'venv.py'), venvWithoutPip);
  write(join(checkout, 'build', 'reference-python', 'bin', 'python'), '');
  const program = 'import environment; environment.ensure()';
  const env = { ...process.env, PYTHONPATH: reference };
  const { status, stderr } = spawnSync('python3', ['-c', program], { env, encoding: 'utf8' });
  expect(stderr).toMatch(/cannot make a virtual environment with pip; run: sudo apt-get install -y python3-venv\n$/);
  expect(status).toBe(1);
  expect(existsSync(join(checkout, 'build', 'reference-python'))).toBe(false);
});
