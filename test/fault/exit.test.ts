import { expect, test } from 'vitest';
import { runFixture } from './fixture.js';
import { patience, size } from './forms.js';

const repetitions = size({ short: 1, long: 20 });

/** The code survives, and nothing was said on the way that the way itself does not say. */
test.each([
  ['process.exit()', 7],
  ['process.exit() between steps', 7],
  ['process.exit() with reads pending', 7],
  ['process.exit() in a long operation', 7],
  ['process.exit() in an exit handler that queues work', 7],
  ['process.exit() while a read is told', 7],
  ['natural end with work queued', 0],
  ['natural end with an exit code set', 3],
])('%s keeps the exit code %i', { timeout: patience }, async (way, code) => {
  for (let i = 0; i < repetitions; i++) {
    expect(await runFixture('exit', [way])).toEqual({ code, signal: null, stdout: 'training\n', stderr: '' });
  }
});

test('a pending await keeps the process alive until it is told', { timeout: patience }, async () => {
  for (let i = 0; i < repetitions; i++) {
    const outcome = await runFixture('exit', ['natural end with an await pending']);
    expect(outcome).toEqual({ code: 0, signal: null, stdout: 'training\nread 3\n', stderr: '' });
  }
});

test.each([
  ['uncaught exception', /^(?!.*terminate called).*Error: on purpose/s],
  ['unhandled rejection of our own', /^(?!.*terminate called).*EngineError: .*index.*ERR_ENGINE/s],
])('%s ends with code 1 and its message', { timeout: patience }, async (way, message) => {
  for (let i = 0; i < repetitions; i++) {
    const outcome = await runFixture('exit', [way]);
    expect(outcome).toMatchObject({ code: 1, signal: null, stdout: 'training\n' });
    expect(outcome.stderr).toMatch(message);
  }
});

test('a signal that nobody handles ends training at once', { timeout: patience }, async () => {
  const outcome = await runFixture('exit', ['default action of SIGTERM'], {
    onLine: (_, kill) => setTimeout(() => kill('SIGTERM'), 50),
  });
  expect(outcome).toEqual({ code: null, signal: 'SIGTERM', stdout: 'training\n', stderr: '' });
});

test('the main thread ends the process though only a worker uses gptorch, in mid-step', {
  timeout: patience,
}, async () => {
  for (let i = 0; i < 3 * repetitions; i++) {
    const outcome = await runFixture('lone-worker', [String(100 + 50 * i)]);
    expect(outcome).toEqual({ code: 7, signal: null, stdout: 'training\n', stderr: '' });
  }
});
