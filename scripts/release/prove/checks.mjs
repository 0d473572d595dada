// What a user may do with an installed gptorch, each as a named check.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {(cwd: string, command: string, ...args: string[]) => Promise<{ code: number | null, stdout: string, stderr: string }>} Run */

/** Expects success and returns what it printed. */
async function succeed(run, project, command, ...args) {
  const { code, stdout, stderr } = await run(project, command, ...args);
  assert.equal(code, 0, `${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** @type {Record<string, (run: Run, project: string) => Promise<void>>} */
export const usage = {
  'CommonJS require': async (run, project) => {
    assert.equal(await succeed(run, project, 'node', 'require.cjs'), 'sum 6 function\n');
  },
  'a worker thread': async (run, project) => {
    assert.equal(await succeed(run, project, 'node', 'worker.mjs'), 'sum 6\n');
  },
  'gptorch pretrain on a text': async (run, project) => {
    await succeed(
      run,
      project,
      'npx',
      'gptorch',
      'pretrain',
      '--config',
      'tiny.json',
      '--data',
      'input.txt',
      '--out',
      'run',
    );
    assert.ok(existsSync(join(project, 'run', 'model.safetensors')));
    const args = ['generate', '--model', 'run', '--prompt', 'The sea', '--max-new-tokens', '5', '--json'];
    const answer = JSON.parse(await succeed(run, project, 'npx', 'gptorch', ...args));
    assert.equal(answer.tokens.length, 5);
  },
  'gptorch launch trains in two processes': async (run, project) => {
    const args = ['pretrain', '--config', 'tiny.json', '--data', 'input.txt', '--out', 'run-of-two', '--json'];
    const stdout = await succeed(run, project, 'npx', 'gptorch', 'launch', '--processes', '2', ...args);
    assert.equal(JSON.parse(stdout.trim().split('\n').at(-1) ?? '').stopped, 'steps');
  },
  'gptorch/serve answers, with its page': async (run, project) => {
    assert.match(await succeed(run, project, 'node', 'serve.mjs'), /^200 text\/html\S* ?\S* 200 2$/m);
  },
  'gptorch doctor finds the packages': async (run, project) => {
    const report = JSON.parse(await succeed(run, project, 'npx', 'gptorch', 'doctor', '--json'));
    assert.equal(report.problem, null);
    assert.equal(report.libtorch.rule, 'package');
    assert.equal(report.tools.python, null);
    assert.equal(report.tools.compiler, null);
  },
};

/** @type {typeof usage} */
export const tools = {
  'an esbuild bundle, gptorch external': async (run, project) => {
    const options = ['--bundle', '--platform=node', '--format=esm', '--external:gptorch', '--outfile=out/main.mjs'];
    await succeed(run, project, 'npx', 'esbuild', 'main.ts', ...options);
    assert.match(await succeed(run, project, 'node', 'out/main.mjs'), /^sum 6 true function$/m);
  },
  ...Object.fromEntries(
    ['node16', 'nodenext', 'bundler'].map((name) => [
      `types with moduleResolution ${name}`,
      async (run, project) => {
        await succeed(run, project, 'npx', 'tsc', '-p', `${name}.json`);
      },
    ]),
  ),
};

/** Nothing that could start a compiler, and no file that npm would take for a build. */
export function checkInstalled(project) {
  const folder = join(project, 'node_modules', 'gptorch');
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  assert.equal(scripts, undefined);
  const names = readdirSync(folder, { recursive: true }).map(String);
  assert.deepEqual(
    names.filter((name) => /\.gyp$|CMakeLists|^native|^scripts/.test(name)),
    [],
  );
}

/** Runs a program that must fail to load gptorch, and returns the message. */
export async function loadFailure(run, project) {
  const { code, stderr } = await run(project, 'node', 'require.cjs');
  assert.notEqual(code, 0);
  const message = /LoadError: (.*)/s.exec(stderr)?.[1];
  assert.ok(message, stderr);
  return message;
}
