// `npm run release:prove`: installs the tarballs in empty folders, with npm and with pnpm, on a PATH without compiler or Python and
// with install scripts switched off, and uses them as a user would. Prints sizes and times; exit code 1 when a check fails.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail } from '../bootstrap/failure.mjs';
import { pack, releaseTarballs, table } from './pack.mjs';
import { bareMachine } from './prove/bare-machine.mjs';
import { checkInstalled, loadFailure, tools as toolChecks, usage } from './prove/checks.mjs';
import { writeProject } from './prove/project.mjs';
import { projectPackages, tools } from './prove/tools.mjs';
import { startRegistry } from './registry.mjs';

/** Entries without a CommonJS form: Vitest runs ES modules alone, and a server is run by Node, which can `require` them. */
const modulesOnly = ['testing/vitest', 'serve'];

const counts = { passed: 0, failed: 0 };

/** Runs a check and prints its line. */
async function check(name, work) {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  try {
    await work();
    counts.passed++;
    console.log(`ok      ${name} (${seconds()})`);
  } catch (error) {
    counts.failed++;
    console.log(`FAILED  ${name} (${seconds()})\n${String(error?.message ?? error).replace(/^/gm, '  | ')}`);
  }
}

async function prove() {
  const packages = await pack();
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const registry = await startRegistry(packages, { folder: releaseTarballs, upstream });
  const folder = mkdtempSync(join(tmpdir(), 'gptorch-proof-'));
  try {
    const machine = bareMachine(folder, registry.url);
    await proveTarball(join(releaseTarballs, packages[0].file));
    const seconds = await proveNpm(machine.run, join(folder, 'npm'));
    await provePnpm(machine.run, join(folder, 'pnpm'));
    await proveMessages(machine.run, join(folder, 'messages'));
    console.log(`\n${table(packages)}\n`);
    console.log(
      `from \`npm install\` to the first token: ${seconds.toFixed(1)} s (registry on loopback, npm's cache empty)`,
    );
  } finally {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  if (counts.failed > 0) process.exitCode = 1;
}

/** What others' tools say of the package: they need no install. */
async function proveTarball(tarball) {
  const npx = (name, ...args) =>
    promisify(execFile)('npx', ['--yes', `${name}@${tools[name]}`, ...args]).catch((error) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
  await check('publint', () => npx('publint', 'run', tarball, '--strict'));
  const attw = (...args) => npx('@arethetypeswrong/cli', tarball, '--no-emoji', '--format', 'ascii', ...args);
  await check('attw', () => attw('--profile', 'node16', '--exclude-entrypoints', ...modulesOnly));
  await check(`attw: ${modulesOnly.join(', ')}`, () => attw('--profile', 'esm-only', '--entrypoints', ...modulesOnly));
}

async function proveNpm(run, project) {
  mkdirSync(project, { recursive: true });
  writeProject(project);
  const started = performance.now();
  await check('npm install --ignore-scripts', async () => {
    const { code, stderr } = await run(project, 'npm', 'install', '--ignore-scripts', 'gptorch');
    assert.equal(code, 0, stderr);
    checkInstalled(project);
  });
  await check('ES module import, first token', () => firstToken(run, project));
  const seconds = (performance.now() - started) / 1000;
  for (const [name, work] of Object.entries(usage)) await check(name, () => work(run, project));
  await check('npm install of a bundler and TypeScript', async () => {
    const { code, stderr } = await run(project, 'npm', 'install', '--ignore-scripts', ...projectPackages);
    assert.equal(code, 0, stderr);
  });
  for (const [name, work] of Object.entries(toolChecks)) await check(name, () => work(run, project));
  return seconds;
}

async function provePnpm(run, project) {
  mkdirSync(project, { recursive: true });
  writeProject(project);
  await check(`pnpm ${tools.pnpm} add --ignore-scripts`, async () => {
    const pnpm = ['--yes', `pnpm@${tools.pnpm}`];
    const { code, stdout, stderr } = await run(project, 'npx', ...pnpm, 'add', '--ignore-scripts', 'gptorch');
    assert.equal(code, 0, stdout + stderr);
  });
  await check('pnpm: ES module import, first token', () => firstToken(run, project));
  for (const [name, work] of Object.entries(usage)) await check(`pnpm: ${name}`, () => work(run, project));
}

/** What a user reads when a package was left out. */
async function proveMessages(run, project) {
  mkdirSync(project, { recursive: true });
  writeProject(project);
  await check('--omit=optional: the message says what to run', async () => {
    const { code, stderr } = await run(project, 'npm', 'install', '--omit=optional', '--ignore-scripts', 'gptorch');
    assert.equal(code, 0, stderr);
    const message = await loadFailure(run, project);
    assert.match(message, /optional dependencies were left out.*`npm install --include=optional @gptorch\/\S+`/);
  });
  await check('what the message says helps, as far as libtorch', async () => {
    const { version } = await import('../../package.json', { with: { type: 'json' } }).then((module) => module.default);
    const wanted = `@gptorch/${process.platform}-${process.arch}@${version}`;
    const { code, stderr } = await run(project, 'npm', 'install', '--omit=optional', '--ignore-scripts', wanted);
    assert.equal(code, 0, stderr);
    const message = await loadFailure(run, project);
    assert.match(message, /package: @gptorch\/libtorch-cpu-\S+ is not installed\s+Run `npx gptorch install-libtorch`/);
  });
}

async function firstToken(run, project) {
  const { code, stdout, stderr } = await run(project, 'node', 'first-token.mjs');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^token \d+$/m);
}

await prove().catch(fail);
