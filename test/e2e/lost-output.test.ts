import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gptorch, losses, main, makeWorkspace, tinyConfig } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  const init = await gptorch(['init', '--config', path('tiny.json'), '--vocab-size', '20', '--out', path('model')]);
  expect(init).toMatchObject({ code: 0 });
});
afterAll(() => workspace.remove());

const pretrain = (out: string) => {
  const files = ['--config', path('tiny.json'), '--data', path('text.txt'), '--out', path(out)];
  return ['pretrain', ...files, '--json'];
};

/** Runs a command whose reader closes stdout after its first line; with `both`, stderr as well and before any line. */
async function untilClosed(args: readonly string[], { both = false } = {}) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  if (both) {
    child.stderr.destroy();
    child.stdout.destroy();
  } else {
    child.stdout.once('data', () => child.stdout.destroy());
  }
  const [code] = await once(child, 'exit');
  return { code, stderr };
}

/** Runs a command whose stdout is a full disk. */
async function onFullDisk(args: readonly string[]) {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', full.fd, 'pipe'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  await full.close();
  return { code, stderr };
}

const { steps } = tinyConfig.train;

describe('a training run whose stdout cannot be written', () => {
  it.each([{ both: false }, { both: true }])('goes on to its end when the reader is gone: %o', async ({ both }) => {
    const out = both ? 'both-closed' : 'closed';
    const { code, stderr } = await untilClosed(pretrain(out), { both });
    expect(code).toBe(0);
    if (!both) expect(stderr.match(/stdout was closed by its reader; the work goes on/g)).toHaveLength(1);
    expect((await losses(path(out))).at(-1)).toMatchObject({ step: steps });
    expect(existsSync(path(`${out}/checkpoint.safetensors`))).toBe(true);
    expect(existsSync(path(`${out}/model.safetensors`))).toBe(true);
  });

  it.runIf(existsSync('/dev/full'))('goes on to its end on a full disk, and ends with 1 and one error', async () => {
    const { code, stderr } = await onFullDisk([...pretrain('full'), '--quiet']);
    expect(stderr).toMatch(/^gptorch: stdout cannot be written: [^\n]*ENOSPC[^\n]*; the work goes on\n$/);
    expect(code).toBe(1);
    expect((await losses(path('full'))).at(-1)).toMatchObject({ step: steps });
    expect(existsSync(path('full/checkpoint.safetensors'))).toBe(true);
  });
});

describe('another command whose stdout cannot be written', () => {
  const generate = () => ['generate', '--model', path('model'), '--prompt-tokens', '1', '--when-full', 'slide'];

  it('ends as by SIGPIPE, and quietly, when the reader is gone', async () => {
    const endless = [...generate(), '--max-new-tokens', '1000000'];
    expect(await untilClosed(endless)).toEqual({ code: 141, stderr: '' });
  });

  it.runIf(existsSync('/dev/full'))('ends with 1 and one error on a full disk', async () => {
    for (const args of [generate(), ['--help'], ['data', 'prepare', '--help']]) {
      const { code, stderr } = await onFullDisk(args);
      expect(stderr).toMatch(/^gptorch: [^\n]*ENOSPC[^\n]*\n$/);
      expect(code).toBe(1);
    }
  });
});
