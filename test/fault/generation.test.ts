import { expect, test } from 'vitest';
import { runFixture } from './fixture.js';
import { patience, size } from './forms.js';

const repetitions = size({ short: 1, long: 20 });

test.each([
  ['process.exit()', 7, ''],
  ['abandoned loop', 0, ''],
  ['model disposed of', 0, 'DisposedError\n'],
])('ended workers take their generations with them; then %s', { timeout: patience }, async (way, code, said) => {
  for (let i = 0; i < repetitions; i++) {
    const outcome = await runFixture('generation', [way]);
    expect(outcome).toEqual({ code, signal: null, stdout: `0 queued\n${said}`, stderr: '' });
  }
});
