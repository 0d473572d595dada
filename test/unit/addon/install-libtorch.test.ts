import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wheelAt } from '../../../lib/addon/install/find-wheel.js';
import { installLibtorch } from '../../../lib/addon/install/install-libtorch.js';
import { runPip } from '../../../lib/addon/install/pip.js';
import { locateLibtorch } from '../../../lib/addon/locate-libtorch.js';
import { fetchedTorch } from '../../../lib/addon/torch-version.js';
import { makePython } from './fake-libtorch.js';
import { makeWheel } from './fake-wheel.js';
import { serve } from './serve.js';
import { temporaryFolder } from './temporary-folder.js';

const wheel = makeWheel(fetchedTorch);
const sha256 = createHash('sha256').update(wheel).digest('hex');
const platform =
  process.platform === 'darwin'
    ? 'macosx_11_0_arm64'
    : `manylinux_2_28_${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`;
const local = process.platform === 'darwin' ? '' : '+cpu';
const fileName = `torch-${fetchedTorch}${local}-cp312-cp312-${platform}.whl`;

/** An index as pip reads it, whose wheel has this content and this hash in its link. */
function serveIndex(content: Buffer, hash: string = sha256): Promise<{ url: string; requests: string[] }> {
  return serve(({ url }, response) => {
    const links = [
      `torch-2.9.0-cp312-cp312-${platform}.whl`,
      `torch-${fetchedTorch}${local}-cp312-cp312-win_amd64.whl`,
      fileName,
    ];
    const page = links
      .map((name) => `<a href="/files/${encodeURIComponent(name)}#sha256=${hash}">${name}</a><br>`)
      .join('\n');
    if (url === '/whl/cpu/torch/') response.end(`<html>${page}</html>`);
    else if (url === `/files/${encodeURIComponent(fileName)}`) response.end(content);
    else response.writeHead(404).end();
  });
}

function setUp(url?: string): { cache: string; env: NodeJS.ProcessEnv } {
  const folder = temporaryFolder();
  const python = makePython(join(folder, 'bin'), `touch ${folder}/python-was-started; exit 1`);
  return { cache: join(folder, 'gptorch'), env: { PATH: python, XDG_CACHE_HOME: folder, GPTORCH_LIBTORCH_URL: url } };
}

test('a wheel from an index is checked, unpacked and found', async () => {
  const { url, requests } = await serveIndex(wheel);
  const { cache, env } = setUp(url);
  const folder = await installLibtorch({ env });
  expect(folder).toBe(join(cache, `libtorch-${fetchedTorch}-cpu`, 'torch'));
  expect(readdirSync(folder).sort()).toEqual(['include', 'lib', 'share', 'version.py']);
  expect(readFileSync(join(folder, 'include', 'ATen', 'ATen.h'), 'utf8')).toBe('#pragma once\n');
  expect(readdirSync(cache)).toEqual([`libtorch-${fetchedTorch}-cpu`]);
  expect(existsSync(join(cache, '..', 'python-was-started'))).toBe(false);
  const located = locateLibtorch({ env: { ...env, PATH: '' }, forBuilding: true, hasDriver: false });
  expect(located).toMatchObject({ folder, version: fetchedTorch, rule: 'cache' });

  await installLibtorch({ env });
  expect(requests).toHaveLength(2); // the page and the wheel, once
});

test("a wheel's own address will do, with its hash or without", async () => {
  for (const fragment of [`#sha256=${sha256}`, '']) {
    const { url } = await serveIndex(wheel);
    const address = new URL(`/files/${encodeURIComponent(fileName)}${fragment}`, url).href;
    const { env } = setUp(address);
    expect(existsSync(await installLibtorch({ env }))).toBe(true);
  }
});

async function expectFailure(url: string, ...messages: RegExp[]): Promise<void> {
  const { cache, env } = setUp(url);
  const error: unknown = await installLibtorch({ env }).catch((problem: unknown) => problem);
  expect(error).toMatchObject({ code: 'ERR_LOAD' });
  for (const message of messages) expect(String(error)).toMatch(message);
  // Nothing is left behind but what the next call goes on with.
  expect(readdirSync(cache).filter((name) => name !== 'downloads-cpu')).toEqual([]);
  const downloads = join(cache, 'downloads-cpu');
  const left = existsSync(downloads) ? readdirSync(downloads) : [];
  expect(left.filter((name) => !/\.part(\.json)?$/.test(name))).toEqual([]);
}

test('a wrong hash is refused', async () => {
  const { url } = await serveIndex(wheel, 'a'.repeat(64));
  await expectFailure(url, new RegExp(`SHA-256 is ${sha256}, but a{64} was expected`), /GPTORCH_LIBTORCH_URL/);
});

test('a connection that breaks is tried again, three times in all', async () => {
  const { url, requests } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': wheel.length });
    response.write(wheel.subarray(0, 1000), () => response.destroy());
  });
  await expectFailure(`${url}/${encodeURIComponent(fileName)}`, /could not be downloaded \(3 attempts\)/);
  expect(requests).toHaveLength(3);
});

test('a connection that breaks once is no failure', async () => {
  let count = 0;
  const { url } = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': wheel.length });
    if (count++ === 0) response.write(wheel.subarray(0, 1000), () => response.destroy());
    else response.end(wheel);
  });
  const { env } = setUp(`${url}/${encodeURIComponent(fileName)}`);
  expect(existsSync(await installLibtorch({ env }))).toBe(true);
});

test.each([
  ['cut short', wheel.subarray(0, wheel.length - 500), /is damaged: the end of the file is missing/],
  ['altered', Buffer.from(wheel).fill(0, 300, 320), /is damaged: .*(does not unpack|wrong checksum)/],
  ['not a zip file', Buffer.from('<html>sign in</html>'), /is damaged/],
])('without a hash a file that is %s is still refused', async (_name, content, message) => {
  const { url } = await serve((_request, response) => response.end(content));
  await expectFailure(`${url}/${encodeURIComponent(fileName)}`, message);
});

test('an index without the wheel, and none at all, are named', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/whl/cpu/torch/') response.end('<a href="torch-2.9.0-cp312-cp312-any.whl">');
    else response.writeHead(404).end();
  });
  await expectFailure(url, /whl\/cpu\/torch\/ lists no wheel of torch ==2\.13\.0\S* for/);
  await expectFailure(`${url}/other`, /answered 404/);
  await expectFailure('http://127.0.0.1:9', /does not answer/);
});

test('without an address of its own pip is asked first', async () => {
  const { cache, env } = setUp();
  const store = join(cache, '..', 'store');
  mkdirSync(store);
  writeFileSync(join(store, fileName), wheel);
  // pip download … --dest FOLDER REQUIREMENT
  makePython(
    env.PATH ?? '',
    `while [ "$1" != --dest ]; do shift; done; /bin/mkdir -p "$2"; /bin/cp ${store}/* "$2"; echo "$3" > ${store}/asked`,
  );
  expect(existsSync(await installLibtorch({ env }))).toBe(true);
  expect(readFileSync(join(store, 'asked'), 'utf8')).toBe(`torch==${fetchedTorch}${local}\n`);
});

test("a failure of pip has pip's own reason", async () => {
  const PATH = makePython(temporaryFolder(), 'echo "ERROR: No matching distribution found"; exit 1');
  await expect(runPip(['download'], { PATH })).rejects.toThrow('pip failed: ERROR: No matching distribution found');
  await expect(runPip(['download'], { PATH: '' })).rejects.toThrow('no python3');
});

test('what is no address is told as such', async () => {
  await expectFailure('/mnt/wheels', /GPTORCH_LIBTORCH_URL is "\/mnt\/wheels", which is no address/);
  await expectFailure('http://127.0.0.1:9/%E0%A4%A.whl', /%E0%A4%A\.whl is no wheel's address/);
});

test('a wheel stays in the folder of downloads, whatever its address hides', () => {
  expect(wheelAt('http://example.org/a/..%2F..%2Fb%2Btorch.whl').fileName).toBe('b+torch.whl');
});

test('whoever installs on another machine is waited for; a process that is gone is not, though another has its number', async () => {
  const { url } = await serveIndex(wheel);
  const { cache, env } = setUp(url);
  const lock = join(cache, '.libtorch-cpu-lock');
  mkdirSync(cache, { recursive: true });
  const owner = { pid: process.pid, start: 'another', since: '2026-01-01T00:00:00.000Z' };
  writeFileSync(lock, JSON.stringify({ ...owner, host: 'another' }));
  const told: string[] = [];
  const installed = installLibtorch({ env, onProgress: ({ what }) => told.push(what) });
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(told).toEqual([`waiting for process ${process.pid} of another, which installs libtorch too`]);
  writeFileSync(lock, JSON.stringify({ ...owner, host: hostname() }));
  expect(existsSync(await installed)).toBe(true);
  expect(readdirSync(cache)).toEqual([`libtorch-${fetchedTorch}-cpu`]);
});
