import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { complaints, failing, makeUserProject, passing, type UserProject } from './user-project.js';

const head = `
import { expect, test } from 'vitest';
import { ArgumentError, GPT, tensor } from 'gptorch';
import { readReference, readReferences } from 'gptorch/testing';
`;

let project: UserProject;
beforeAll(async () => {
  project = await makeUserProject({
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `export default { test: { setupFiles: ['gptorch/testing/vitest'], maxWorkers: 2 } };`,
    'passing.test.js': head + passing,
    'passing-too.test.js': head + passing,
    'failing.test.js': head + failing,
  });
});
afterAll(() => project.remove());

describe.each(['forks', 'threads'])('in Vitest, pool %s', (pool) => {
  const vitest = (...files: string[]) => project.run('vitest/vitest.mjs', 'run', `--pool=${pool}`, ...files);

  test('assertions that hold pass', async () => {
    const { code, output } = await vitest('passing');
    expect(output).toMatch(/Test Files {2}2 passed \(2\)\s+Tests {2}6 passed \(6\)/);
    expect(code, output).toBe(0);
  }, 120_000);

  test('assertions that do not hold fail, and say where and by how much', async () => {
    const { code, output } = await vitest('failing');
    expect(code).toBe(1);
    expect(output).toMatch(/Tests {2}2 failed \(2\)/);
    for (const complaint of complaints) expect(output).toContain(complaint);
  }, 120_000);
});
