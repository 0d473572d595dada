import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { HubServer } from '../unit/hub/hub-server.js';
import { gptorch } from './cli.js';

const folder = fileURLToPath(new URL('../fixtures/parity/checkpoints/gpt2_sharded', import.meta.url));
const generate = [
  '--prompt-tokens',
  '1,2,3',
  '--max-new-tokens',
  '4',
  '--temperature',
  '0',
  '--json',
  '--device',
  'cpu',
];

let hub: HubServer;
let home: string;
beforeAll(async () => {
  hub = await HubServer.start();
  home = await mkdtemp(join(tmpdir(), 'gptorch-hub-cli-'));
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))]));
  hub.models['org/tiny'] = { revisions: { main: Object.fromEntries(files) } };
});
afterAll(async () => {
  await hub.stop();
  await rm(home, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('--model takes a name of the hub; the second time nothing is fetched', async () => {
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HUB_CACHE', home);
  const fetched = await gptorch(['generate', '--model', 'org/tiny', ...generate]);
  expect(fetched).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('fetching model-00001-of-00003.safetensors'),
  });
  const local = await gptorch(['generate', '--model', folder, ...generate]);
  const reply = (text: string) => JSON.parse(text.trim().split('\n').at(-1) ?? '').tokens;
  expect(reply(fetched.stdout)).toHaveLength(4);
  expect(reply(fetched.stdout)).toEqual(reply(local.stdout));
  const again = await gptorch(['generate', '--model', 'org/tiny', ...generate]);
  expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining('fetching') });
  const none = await gptorch(['generate', '--model', 'org/none', ...generate]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no directory org/none; org/none') });
});

test('what can only be a directory is not asked of the hub', async () => {
  // Nobody listens there.
  const nowhere = { HF_ENDPOINT: 'http://127.0.0.1:1', HF_HUB_CACHE: home };
  const run = (model: string) => gptorch(['generate', '--model', model, ...generate], '', nowhere);
  const config = join(folder, 'config.json');
  const models = [
    './no/such',
    '../such',
    '/no/such',
    '~/such',
    'a/b/c',
    'no such/model',
    'gpt2',
    '',
    'test/modle',
    `${config}/x`,
  ];
  for (const model of models) {
    const { code, stderr } = await run(model);
    expect(stderr).toMatch(/^gptorch: [^\n]*no model directory: there is no such directory[^\n]*\n$/);
    expect(stderr).toContain(`gptorch: ${model}: `);
    expect(code).toBe(2);
  }
  const near = await run(folder.replace('gpt2_sharded', 'gpt2_shraded'));
  expect(near.stderr).toMatch(/did you mean .*gpt2_sharded\?\n$/);
  expect(await run(config)).toMatchObject({ code: 2, stderr: expect.stringContaining('it is a file') });
  // A name of the hub: both are said.
  const { code, stderr } = await run('org/tiny2');
  expect(stderr).toMatch(
    /there is no directory org\/tiny2; org\/tiny2: http:\/\/127.0.0.1:1 cannot be reached[^\n]*\n$/,
  );
  expect(code).toBe(1);
});
