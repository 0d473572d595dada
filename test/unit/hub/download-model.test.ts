import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DownloadError, type DownloadProgress, downloadModel, GPT, InputError } from '../../../lib/index.js';
import { type Files, HubServer } from './hub-server.js';

const NAME = 'org/tiny';
const FIXTURES = fileURLToPath(new URL('../../fixtures/parity/checkpoints', import.meta.url));

let hub: HubServer;
let home: string;
let plain: Files;
let sharded: Files;

beforeEach(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'gptorch-hub-'));
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HOME', home);
  for (const name of ['HF_HUB_CACHE', 'HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HUB_OFFLINE']) vi.stubEnv(name, undefined);
  const noise = {
    'README.md': 'read me',
    'pytorch_model.bin': 'pickle',
    'onnx/model.onnx': 'onnx',
    'tf_model.h5': 'h5',
  };
  const more = Object.fromEntries(Object.entries(noise).map(([name, text]) => [name, Buffer.from(text)]));
  plain = { ...(await filesOf('gpt2_bare')), 'tokenizer.json': Buffer.from('{"version":"1.0"}'), ...more };
  sharded = await filesOf('gpt2_sharded');
  hub.models[NAME] = { revisions: { main: plain } };
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
  await rm(home, { recursive: true });
});

async function filesOf(checkpoint: string): Promise<Files> {
  const folder = join(FIXTURES, checkpoint);
  const names = (await readdir(folder)).filter((name) => !name.startsWith('expected'));
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))])));
}

const cacheFolder = () => join(home, 'hub', 'models--org--tiny');
const blobs = () => readdir(join(cacheFolder(), 'blobs')).catch(() => []);

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

describe('a model of the hub', () => {
  test('is fetched into the cache that Hugging Face’s programs share, and no more than it needs', async () => {
    const model = await GPT.fromPretrained(NAME);
    expect(model.config).toMatchObject({ layers: 2, width: 12, vocabSize: 41 });
    model.dispose();
    const commit = HubServer.commitOf(plain);
    const snapshot = join(cacheFolder(), 'snapshots', commit);
    expect(await names(snapshot)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect([...hub.downloads].sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect(await readlink(join(snapshot, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(await readlink(join(snapshot, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(await readFile(join(snapshot, 'model.safetensors'))).toEqual(plain['model.safetensors']);
    expect(await readFile(join(cacheFolder(), 'refs', 'main'), 'utf8')).toBe(commit);
    expect(await names(cacheFolder())).toEqual(['blobs', 'refs', 'snapshots']);
  });

  test('is not fetched a second time', async () => {
    const folder = await downloadModel(NAME);
    hub.forget();
    expect(await downloadModel(NAME)).toBe(folder);
    expect([...hub.downloads]).toEqual([]);
  });

  test('comes in shards too, all that the index names', async () => {
    hub.models[NAME] = { revisions: { main: sharded } };
    const folder = await downloadModel(NAME);
    expect((await names(folder)).filter((name) => name.includes('safetensors'))).toHaveLength(4);
    (await GPT.load(folder)).dispose();
  });

  test('is fetched by branch, tag or commit; what two have in common once', async () => {
    const other = { ...plain, 'tokenizer.json': Buffer.from('{"version":"2"}') };
    hub.models[NAME] = { revisions: { main: plain, 'refs/pr/1': other } };
    await downloadModel(NAME);
    hub.forget();
    const folder = await downloadModel(NAME, { revision: 'refs/pr/1' });
    expect([...hub.downloads]).toEqual(['tokenizer.json']);
    expect(folder.endsWith(HubServer.commitOf(other))).toBe(true);
    expect(await downloadModel(NAME, { revision: HubServer.commitOf(other) })).toBe(folder);
    expect(await readFile(join(cacheFolder(), 'refs', 'refs', 'pr', '1'), 'utf8')).toBe(HubServer.commitOf(other));
  });

  test('is fetched into a given cache; progress is told by file', async () => {
    const cacheDir = join(home, 'mine');
    const told: DownloadProgress[] = [];
    const folder = await downloadModel(NAME, { cacheDir, onProgress: (progress) => told.push(progress) });
    expect(folder.startsWith(cacheDir)).toBe(true);
    const total = plain['model.safetensors']?.length;
    expect(told.at(-1)).toEqual({ file: 'model.safetensors', received: total, total });
  });

  test('that is private opens with its token', async () => {
    hub.models[NAME] = { revisions: { main: plain }, token: 'hf_right' };
    await expect(downloadModel(NAME)).rejects.toThrow(/refused \(401\); if it is private or gated, set HF_TOKEN/);
    await expect(downloadModel(NAME, { token: 'hf_wrong' })).rejects.toThrow(/the token does not open it/);
    await expect(downloadModel(NAME, { token: 'wrong' })).rejects.toThrow(/must begin with "hf_"/);
    vi.stubEnv('HF_TOKEN', 'hf_right');
    await downloadModel(NAME);
  });

  test('is fetched by two at once', async () => {
    const folders = await Promise.all([downloadModel(NAME), downloadModel(NAME)]);
    expect(folders[0]).toBe(folders[1]);
    (await GPT.load(folders[0])).dispose();
    expect(await blobs()).toHaveLength(3);
  });
});

describe('without the hub', () => {
  test('offline, the cache does', async () => {
    const folder = await downloadModel(NAME);
    hub.forget();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await downloadModel(NAME)).toBe(folder);
    expect(await downloadModel(NAME, { revision: HubServer.commitOf(plain) })).toBe(folder);
    expect(hub.requests).toEqual([]);
  });

  test('offline, what the cache has not or has not whole is an error', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(downloadModel(NAME)).rejects.toThrow(InputError);
    await expect(downloadModel(NAME)).rejects.toThrow(/org\/tiny: .*models--org--tiny has not all of revision main/);
    vi.stubEnv('HF_HUB_OFFLINE', '0');
    hub.models[NAME] = { revisions: { main: sharded } };
    const folder = await downloadModel(NAME);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await rm(join(folder, 'model-00002-of-00003.safetensors'));
    await expect(downloadModel(NAME)).rejects.toThrow(/HF_HUB_OFFLINE is set/);
  });

  test('unreachable, the cache does, and without it the error names the address', async () => {
    const folder = await downloadModel(NAME);
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    expect(await downloadModel(NAME)).toBe(folder);
    await expect(downloadModel('org/other')).rejects.toThrow(DownloadError);
    await expect(downloadModel('org/other')).rejects.toThrow(/org\/other: http:\/\/127.0.0.1:9 cannot be reached/);
  });
});

describe('refused', () => {
  test.each([
    ['a model that is not there', 'org/none', {}, /org\/none \(revision main\) at http.*: there is no such model/],
    ['a revision that is not there', NAME, { revision: 'v9' }, /revision v9.*no such model or revision \(404\)/],
    ['a way out of the cache', '../tiny', {}, /"..\/tiny" is no model's name/],
    ['a path', '/a/b/c', {}, /is no model's name/],
    ['a revision out of the cache', NAME, { revision: '../../x' }, /"..\/..\/x" is no branch, tag or commit/],
  ])('%s', async (_name, name, options, message) => {
    await expect(downloadModel(name, options)).rejects.toThrow(InputError);
    await expect(downloadModel(name, options)).rejects.toThrow(message);
    expect([...hub.downloads]).toEqual([]);
  });

  test('pickles, a repository without a model, shards out of the folder', async () => {
    const { 'model.safetensors': _, ...pickles } = plain;
    hub.models[NAME] = { revisions: { main: pickles } };
    await expect(downloadModel(NAME)).rejects.toThrow(/no model.safetensors; pytorch_model.bin is a pickle/);
    hub.models[NAME] = { revisions: { main: { 'README.md': Buffer.from('data') } } };
    await expect(downloadModel(NAME)).rejects.toThrow(/has no config.json, so it is no model/);
    expect([...hub.downloads]).toEqual([]);
    const index = Buffer.from('{"weight_map":{"a":"../../../x.safetensors"}}');
    hub.models[NAME] = { revisions: { main: { ...sharded, 'model.safetensors.index.json': index } } };
    await expect(downloadModel(NAME)).rejects.toThrow(/"..\/..\/..\/x.safetensors" names no file beside the index/);
  });
});

describe('a connection that breaks', () => {
  test('is taken up where it broke', async () => {
    hub.cut = { file: 'model.safetensors', after: 5000, times: 2 };
    const folder = await downloadModel(NAME);
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(plain['model.safetensors']);
    const resumed = hub.requests.filter(({ range }) => /^bytes=[1-9]\d*-/.test(range ?? ''));
    expect(resumed.length).toBeGreaterThan(0);
  });

  test('for good leaves nothing torn, and the next call goes on', async () => {
    hub.cut = { file: 'model.safetensors', after: 10, times: 1000 };
    await expect(downloadModel(NAME)).rejects.toThrow(DownloadError);
    await expect(downloadModel(NAME)).rejects.toThrow(/model.safetensors: could not be downloaded/);
    // The small files are there, whole; of the weights there is neither a blob nor a temporary file nor a link.
    expect((await blobs()).filter((name) => !/^[0-9a-f]{40}$/.test(name))).toEqual([]);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(downloadModel(NAME)).rejects.toThrow(InputError);
    vi.stubEnv('HF_HUB_OFFLINE', undefined);
    hub.cut = undefined;
    hub.forget();
    await downloadModel(NAME);
    expect([...hub.downloads]).toEqual(['model.safetensors']);
  });

  test('and bytes that are not the listed ones', async () => {
    hub.damaged = 'model.safetensors';
    await expect(downloadModel(NAME)).rejects.toThrow(/model.safetensors: \d+ bytes with hash [0-9a-f]{64} arrived/);
    expect((await blobs()).filter((name) => !/^[0-9a-f]{40}$/.test(name))).toEqual([]);
  });

  test('by the caller’s signal', async () => {
    const stop = new AbortController();
    const onProgress = ({ file }: DownloadProgress) => {
      if (file === 'model.safetensors') stop.abort(new Error('enough'));
    };
    hub.cut = { file: 'model.safetensors', after: 100, times: 1 };
    await expect(downloadModel(NAME, { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect((await blobs()).filter((name) => !/^[0-9a-f]{40}$/.test(name))).toEqual([]);
    await expect(downloadModel(NAME, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });
});
