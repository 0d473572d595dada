import { execFileSync } from 'node:child_process';
import { type Stats, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { readAnswers, remember } from './remembered.js';

/** Does not import torch (seconds): it asks only where it would be imported from. */
const question = `
import importlib.util, json, sys
spec = importlib.util.find_spec('torch')
found = list(spec.submodule_search_locations or []) if spec else []
print(json.dumps({'folder': found[0] if found else None, 'paths': [p for p in sys.path if p]}))`;

interface Answer {
  folder: string | null;
  /** Modification time of each folder of sys.path: installing or removing a package changes one. */
  paths: Record<string, number>;
}

/**
 * The folder of the active python3's `torch`, or undefined. Starting Python takes 50 ms and more, so the answer is remembered in
 * the cache folder, by interpreter and environment, until a folder of Python's path changes.
 */
export function findPythonTorch(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const python = findOnPath('python3', env);
  if (python === undefined) return undefined;
  const key = JSON.stringify([
    python,
    env.VIRTUAL_ENV,
    env.CONDA_PREFIX,
    env.PYTHONPATH,
    env.PYTHONHOME,
    env.PYENV_VERSION,
    // A version manager's stand-in picks the interpreter by the current folder.
    python.includes('shims') ? process.cwd() : '',
  ]);
  const file = join(cacheFolder(env), 'python-torch.json');
  const remembered = readAnswers<Answer>(file);
  const known = remembered[key];
  if (known && Object.entries(known.paths).every(([path, time]) => modified(path) === time)) {
    return known.folder ?? undefined;
  }
  const answer = ask(python, env);
  if (answer === undefined) return undefined;
  remember(file, key, answer);
  return answer.folder ?? undefined;
}

/** The first executable file of that name on PATH. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => {
      const stat = statIfThere(file);
      return stat?.isFile() && (stat.mode & 0o111) !== 0;
    });
}

function ask(python: string, env: NodeJS.ProcessEnv): Answer | undefined {
  try {
    const output = execFileSync(python, ['-c', question], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { folder, paths } = JSON.parse(output) as { folder: string | null; paths: string[] };
    return { folder, paths: Object.fromEntries(paths.map((path) => [path, modified(path)])) };
  } catch {
    return undefined; // a python3 that does not start has no torch for us
  }
}

function modified(path: string): number {
  return statIfThere(path)?.mtimeMs ?? 0;
}

/** Undefined also where it cannot be looked for: PATH may name folders of another user. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
