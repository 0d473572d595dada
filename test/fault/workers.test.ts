import { expect, test } from 'vitest';
import { runFixture } from './fixture.js';
import { patience, size } from './forms.js';

const fine = { code: 0, signal: null, stdout: 'fine\n', stderr: '' };

test.each([
  ['terminate() in training', 4],
  ['terminate() with reads pending', 4],
  ['terminate() while errors are made', 4],
  ['process.exit() in a worker', 3],
  ['an exception in a worker', 3],
  ['natural end with work queued', 3],
  ['what a worker held is freed', 2],
  ['many at once', 5],
])('worker threads: %s', { timeout: patience }, async (way, repetitions) => {
  expect(await runFixture('workers', [way, String(size({ short: repetitions, long: 10 * repetitions }))])).toEqual(
    fine,
  );
});

test.each(['what a worker leaves in the queue is dropped', "a worker's failure is its own"])(
  'worker threads: %s',
  { timeout: patience },
  async (way) => {
    expect(await runFixture('workers', [way])).toEqual(fine);
  },
);

test('worker threads: process.exit() of the main thread ends them in mid-step', { timeout: patience }, async () => {
  expect(await runFixture('workers', ['process.exit() of the main thread'])).toEqual({ ...fine, code: 7 });
});
