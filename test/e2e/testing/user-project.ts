import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Outcome {
  code: number;
  /** stdout and stderr. */
  output: string;
}

export interface UserProject {
  path(...names: string[]): string;
  /** Runs `node` with a script of a package: `run('jest/bin/jest.js', '--runInBand')`. */
  run(script: string, ...args: string[]): Promise<Outcome>;
  remove(): Promise<void>;
}

/**
 * A project of a user who has installed gptorch: a real folder in `node_modules`, as npm makes it, because runners treat what a
 * link leads to as the user's own source. Everything else there is linked. `parity/` and `arrays/` hold references.
 */
export async function makeUserProject(files: Readonly<Record<string, string>>): Promise<UserProject> {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-user-'));
  const path = (...names: string[]) => join(folder, ...names);
  const installed = path('node_modules', 'gptorch');
  await mkdir(installed, { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), path('node_modules', name));
  }
  await cp(join(root, 'package.json'), join(installed, 'package.json'));
  await cp(join(root, 'dist'), join(installed, 'dist'), { recursive: true });
  await symlink(join(root, 'build'), join(installed, 'build'));
  await symlink(join(root, 'test', 'fixtures', 'parity'), path('parity'));
  await symlink(join(root, 'test', 'fixtures', 'testing'), path('arrays'));
  for (const [name, text] of Object.entries(files)) await writeFile(path(name), text);

  const run = (script: string, ...args: string[]) =>
    new Promise<Outcome>((resolve) => {
      const file = script.includes('/') ? join(root, 'node_modules', script) : path(script);
      execFile(process.execPath, [file, ...args], { cwd: folder, env: environment() }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr });
      });
    });
  return { path, run, remove: () => rm(folder, { recursive: true }) };
}

/** Without what Vitest tells its own workers. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITE|JEST|NODE_ENV|NODE_OPTIONS|FORCE_COLOR)/.test(name),
  );
  return { ...Object.fromEntries(own), NO_COLOR: '1', OMP_NUM_THREADS: '1' };
}

/** A user's tests; the head brings `GPT`, `tensor`, `ArgumentError`, `readReference` and `readReferences`. */
export const passing = `
test('GPT-2 gives the logits of Python', async () => {
  const reference = await readReferences('parity/forward/gpt2_batch.safetensors');
  const tokens = reference.get('inputs/tokens');
  const model = await GPT.load('parity/models/gpt2');
  const logits = model.forward(tensor(tokens.data, tokens));
  await expect(logits).toBeCloseToTensor(reference.get('outputs/logits'));
  await expect(logits.add(0.001)).not.toBeCloseToTensor(reference.get('outputs/logits'));
});

test('.npy and .npz', async () => {
  await expect(tensor([[0, 1, 2], [3, 4, 5]])).toBeCloseToTensor(await readReference('arrays/version1.npy'));
  const { names } = await readReferences('arrays/deflated.npz');
  expect(names).toContain('f4be_fortran');
});

test('errors are of the classes that the package exports', () => {
  expect(() => tensor([1, 2]).add(tensor([1, 2, 3]))).toThrow(ArgumentError);
});
`;

export const failing = `
test('differs', async () => {
  await expect(tensor([[0, 1, 2], [3, 4, 5.5]])).toBeCloseToTensor(await readReference('arrays/version1.npy'));
});

test('does not differ', async () => {
  await expect(tensor([1])).not.toBeCloseToTensor([1]);
});
`;

/** What both runners must say of `failing`. */
export const complaints = [
  '1 of 6 elements (17 %) are further apart than atol 1e-5 + rtol 1.3e-6 · |reference|.',
  'at [1, 2]: got 5.5, expected 5',
  'absolute difference 0.5 (allowed 1.65e-5), relative 0.1',
  'max|a-b|/max|b|:   0.5 / 5 = 0.1',
  'float32 [2, 3] (arrays/version1.npy)',
  'expect(tensor).not.toBeCloseToTensor(reference)',
];
