import { expect, test } from 'vitest';
import { outcome } from '../../../scripts/test/vitest.mjs';

const report = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 0, testResults: [] };

test("Vitest's report is counted", () => {
  expect(outcome(report, 1)).toMatchObject({ passed: 7, failed: 2, skipped: 1 });
  expect(outcome({ ...report, numFailedTests: 0 }, 0)).toMatchObject({ passed: 7, failed: 0 });
});

test('a file that does not load is a failure, and so is an exit code that nothing explains', () => {
  const broken = { status: 'failed', assertionResults: [] };
  expect(outcome({ ...report, testResults: [broken] }, 1)).toMatchObject({ failed: 3 });
  expect(outcome({ ...report, numFailedTests: 0 }, 1)).toMatchObject({ failed: 1 });
  expect(outcome(undefined, 0)).toMatchObject({ passed: 0, failed: 1 });
});
