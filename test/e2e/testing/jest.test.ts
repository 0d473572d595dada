import { afterAll, beforeAll, expect, test } from 'vitest';
import { complaints, failing, makeUserProject, passing, type UserProject } from './user-project.js';

const head = `
const { ArgumentError, GPT, tensor } = require('gptorch');
const { readReference, readReferences } = require('gptorch/testing');
`;

let project: UserProject;
beforeAll(async () => {
  project = await makeUserProject({
    'package.json': '{ "type": "commonjs" }',
    // Libtorch takes a while to be unloaded, longer than Jest's half second on a busy machine.
    'jest.config.js': `module.exports = {
      setupFilesAfterEnv: ['gptorch/testing/jest'],
      workerGracefulExitTimeout: 20_000,
      cacheDirectory: '<rootDir>/cache',
    };`,
    'passing.test.js': head + passing,
    'passing-too.test.js': head + passing,
    'failing.test.js': head + failing,
  });
});
afterAll(() => project.remove());

const jest = (...args: string[]) => project.run('jest/bin/jest.js', ...args);

// Jest loads the library's JavaScript anew for each file; the native addon stays.
test.each([['--runInBand'], ['--maxWorkers=2']])(
  'assertions that hold pass in Jest, %s',
  async (workers) => {
    const { code, output } = await jest(workers, 'passing');
    expect(output).toMatch(/Test Suites: 2 passed, 2 total\s+Tests: {7}6 passed, 6 total/);
    expect(output).not.toMatch(/did not exit|failed to exit/);
    expect(code, output).toBe(0);
  },
  120_000,
);

test('assertions that do not hold fail in Jest, and say where and by how much', async () => {
  const { code, output } = await jest('failing');
  expect(code).toBe(1);
  expect(output).toMatch(/Tests: {7}2 failed, 2 total/);
  for (const complaint of complaints) expect(output).toContain(complaint);
}, 120_000);
