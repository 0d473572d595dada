import { describe, expect, test } from 'vitest';
import { lastLine, runFixture } from './fixture.js';
import { patience } from './forms.js';

/** What the fixture says, which must end well. */
async function run(way: string): Promise<Record<string, unknown>> {
  const outcome = await runFixture('slow-device', [way]);
  expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
  return lastLine(outcome);
}

describe('while a device is busy', { timeout: patience }, () => {
  test('the engine goes on, and reads give what stood there when they were asked for', async () => {
    const events = ['computed', 'read', 'idle'];
    expect(await run('goesOn')).toEqual({ events, results: [[1, 2, 3], 21], late: true });
  });

  test('many reads wait together', async () => {
    const values = Array.from({ length: 20 }, (_, i) => 2 * i);
    expect(await run('together')).toEqual({ values, together: true });
  });

  test('training gives the same losses', async () => {
    expect(await run('training')).toEqual({ equal: true, count: 5 });
  });

  test('its failure reaches whoever waits, and all that comes later', async () => {
    const message = expect.stringMatching(/^a device failed, and this process can compute no more: planted by a test/);
    const error = { name: 'DeviceLostError', code: 'ERR_DEVICE_LOST', message };
    expect(await run('lost')).toEqual({ waiting: [error, error, error], after: [error, error] });
  });

  test('a pending read keeps the process alive', async () => {
    expect(await run('naturalEnd')).toEqual({ value: 3 });
  });

  test('process.exit() does not wait for it', async () => {
    const begin = performance.now();
    expect(await runFixture('slow-device', ['exit'])).toEqual({ code: 7, signal: null, stdout: '', stderr: '' });
    expect(performance.now() - begin).toBeLessThan(8000);
  });

  test('a worker that ends in mid-wait takes nobody along', async () => {
    expect(await run('worker')).toEqual({ value: 5 });
  });
});
