import { expect, test } from 'vitest';
import { lastLine, runFixture } from './fixture.js';
import { patience } from './forms.js';

test('a device that failed beyond repair fails all that comes later, clearly, and the process still ends', {
  timeout: patience,
}, async () => {
  const outcome = await runFixture('device-lost');
  const { first, ...later } = lastLine<Record<string, unknown>>(outcome);
  expect(first).toEqual({ value: 2 });
  const message = expect.stringMatching(/^a device failed, and this process can compute no more: planted by a test/);
  const error = { name: 'DeviceLostError', code: 'ERR_DEVICE_LOST', message };
  expect(later).toEqual({ failed: error, computed: error, read: error });
  expect(outcome).toMatchObject({ code: 0, signal: null });
});
