import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addon, libtorch } from '../../lib/addon/index.js';
import { lastLine, runFixture, runNode } from './fixture.js';
import { patience } from './forms.js';

interface Told {
  driver: { version?: number; devices: string[]; problem?: string };
  device?: string;
  note?: string;
  code?: string;
  message?: string;
}

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const source = fileURLToPath(new URL('fixtures/libcuda.c', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-driver-'));
  const args = ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', join(folder, 'libcuda.so.1'), source];
  await promisify(execFile)(process.env.CC || 'cc', args);
});
afterAll(() => rm(folder, { recursive: true }));

interface Driver {
  version: number;
  devices: number;
  init?: number;
}

/** What a process is told that asks for `device` where a driver says this of itself. */
async function ask(device: string, { version, devices, init = 0 }: Driver): Promise<Told> {
  const says = { FAKE_CUDA_VERSION: version, FAKE_CUDA_DEVICES: devices, FAKE_CUDA_INIT: init };
  const asText = Object.entries(says).map(([name, value]) => [name, String(value)]);
  const env = { LD_LIBRARY_PATH: folder, ...Object.fromEntries(asText) };
  return lastLine<Told>(await runFixture('device', [device], { env }));
}

// With a CUDA build of libtorch the stand-in would be taken for a real driver.
describe.skipIf(libtorch.device === 'cuda')('--device cuda with a CPU build of libtorch', { timeout: patience }, () => {
  test.skipIf(addon.engine.cudaDriver().version !== undefined)('names the driver that is missing', async () => {
    const told = lastLine<Told>(await runFixture('device', ['cuda']));
    expect(told.driver).toEqual({ devices: [], problem: expect.stringContaining('libcuda.so.1') });
    expect(told.message).toMatch(
      /device cuda cannot be used: there is no NVIDIA driver \(libcuda\.so\.1: .*580 or newer/,
    );
  });

  test('names the driver that is too old', async () => {
    const told = await ask('cuda', { version: 12040, devices: 1 });
    expect(told).toMatchObject({ driver: { version: 12040, devices: ['Fake GPU 0'] }, code: 'ERR_DEVICE' });
    expect(told.message).toContain("device cuda cannot be used: NVIDIA's driver runs CUDA 12.4 at most");
  });

  test('names the driver that does not start', async () => {
    const told = await ask('cuda:1', { version: 13000, devices: 1, init: 802 });
    expect(told.message).toContain(
      "device cuda:1 cannot be used: NVIDIA's driver does not start: system not yet initialized (802)",
    );
    expect((await ask('cuda', { version: 13000, devices: 1, init: 999 })).message).toContain('unknown error (999)');
  });

  test.each([
    { version: 13000, devices: 0 },
    { version: 13000, devices: 0, init: 100 },
  ])('says that there is no GPU: %o', async (driver) => {
    expect((await ask('cuda', driver)).message).toContain("NVIDIA's driver (CUDA 13.0) shows no GPU");
  });

  test('names the CPU build where driver and GPU are there, and the command', async () => {
    const told = await ask('cuda', { version: 13000, devices: 2 });
    expect(told.driver).toEqual({ version: 13000, devices: ['Fake GPU 0', 'Fake GPU 1'] });
    expect(told.message).toContain('is a CPU build; run `npx gptorch install-libtorch --cuda`');
  });

  test('auto takes the CPU, and says why where the driver shows a GPU', async () => {
    const told = await ask('auto', { version: 13000, devices: 1 });
    expect(told).toMatchObject({
      device: 'cpu',
      note: expect.stringMatching(/^device cpu: libtorch .* is a CPU build; run/),
    });
    const { device, note } = await ask('auto', { version: 13000, devices: 0 });
    expect({ device, note }).toEqual({ device: 'cpu', note: undefined });
  });

  test('a command says so on stderr, unless it is to be quiet', async () => {
    const model = fileURLToPath(new URL('../fixtures/parity/models/gpt2', import.meta.url));
    const args = [main, 'generate', '--model', model, '--prompt-tokens', '1,2', '--max-new-tokens', '1'];
    const env = { LD_LIBRARY_PATH: folder, FAKE_CUDA_VERSION: '12040', FAKE_CUDA_DEVICES: '1' };
    const [loud, quiet] = await Promise.all([runNode(args, { env }), runNode([...args, '--quiet'], { env })]);
    expect(loud).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("device cpu: NVIDIA's driver runs CUDA 12.4 at most"),
    });
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
  });
});
