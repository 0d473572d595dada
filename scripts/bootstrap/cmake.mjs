import { availableParallelism, totalmem } from 'node:os';
import { run } from './run.mjs';

/**
 * Configures a project with plain CMake and builds it; CMake itself skips what is up to date.
 *
 * @param {string} source
 * @param {string} folder of the build
 * @param {{ name: string, options: Record<string, string>, env: NodeJS.ProcessEnv, target?: string, report: (detail: string) => void }} settings
 *   `name` of the log; `options` are CMake's cache variables; without a `target` all are built
 */
export async function configureAndBuild(source, folder, { name, options, env, target, report }) {
  const onLine = (line) => report(/^\[\d+\/\d+\]/.exec(line)?.[0] ?? '');
  const variables = Object.entries(options).map(([key, value]) => `-D${key}=${value}`);
  await run(name, 'cmake', ['-S', source, '-B', folder, '-G', 'Ninja', ...variables], { env, onLine });
  const targets = target === undefined ? [] : ['--target', target];
  await run(name, 'cmake', ['--build', folder, '--parallel', jobs(), ...targets], { env, onLine, append: true });
}

/**
 * One compiler a core, and no more than memory holds: a source with torch's headers takes up to 1.5 GB.
 *
 * @param {number} [cores]
 * @param {number} [memory] in bytes: the machine's, or what the container of this process may use of it
 */
export function jobs(
  cores = availableParallelism(),
  memory = Math.min(totalmem(), process.constrainedMemory() || Infinity),
) {
  return String(Math.max(1, Math.min(cores, Math.floor(memory / 1.5e9))));
}
