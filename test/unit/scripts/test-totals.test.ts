import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Failure } from '../../../scripts/bootstrap/failure.mjs';
import { root } from '../../../scripts/bootstrap/paths.mjs';
import { outcomesOf } from '../../../scripts/test/suite.mjs';
import { outcome } from '../../../scripts/test/vitest.mjs';

const report = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 0, testResults: [] };

test("Vitest's report is counted", () => {
  expect(outcome(report, 1)).toMatchObject({ passed: 7, failed: 2, skipped: 1 });
  expect(outcome({ ...report, numFailedTests: 0 }, 0)).toMatchObject({ passed: 7, failed: 0 });
});

test('a file that does not load is a failure, and so is an exit code that nothing explains', () => {
  const broken = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] };
  expect(outcome({ ...report, testResults: [broken] }, 1)).toMatchObject({ failed: 3 });
  expect(outcome({ ...report, numFailedTests: 0 }, 1)).toMatchObject({ failed: 1 });
  expect(outcome(undefined, 0)).toMatchObject({ passed: 0, failed: 1 });
});

test('failures are named with file, test and the first line of their message', () => {
  const passing = { status: 'passed', fullName: 'adds', failureMessages: [] };
  const failing = {
    status: 'failed',
    fullName: 'sums carry',
    failureMessages: ['AssertionError: 1 is not 2\n  at sum'],
  };
  const testResults = [
    { name: join(root, 'test', 'sum.test.ts'), status: 'failed', message: '', assertionResults: [passing, failing] },
    { name: join(root, 'test', 'gone.test.ts'), status: 'failed', message: 'no such module\n', assertionResults: [] },
  ];
  expect(outcome({ ...report, testResults }, 1).failures).toEqual([
    'test/sum.test.ts > sums carry: AssertionError: 1 is not 2',
    'test/gone.test.ts: no such module',
  ]);
});

test('a suite that cannot be run has failed, and does not end the others', async () => {
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const run = () =>
    Promise.reject(new Failure('native-tests: `cmake --build` failed (exit code 1)', { command: 'cmake' }));
  expect(await outcomesOf({ name: 'native', run })).toEqual([
    {
      ...{ name: 'native', passed: 0, failed: 1, skipped: 0 },
      failures: ['native: native-tests: `cmake --build` failed (exit code 1)'],
    },
  ]);
  expect(told).toHaveBeenCalledWith('\nerror: native-tests: `cmake --build` failed (exit code 1)\nrun:   cmake');
  told.mockRestore();
});
