import { expect, test } from 'vitest';
import { runFixture } from './fixture.js';
import { patience } from './forms.js';

test('fork(), spawn(), exec() and cluster start processes beside a training one, and those train too', {
  timeout: patience,
}, async () => {
  expect(await runFixture('children')).toEqual({ code: 0, signal: null, stdout: 'fine\n', stderr: '' });
});
