import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { countReports, expectReport } from '../../../scripts/sanitize/reports.mjs';
import { write } from '../addon/fake-libtorch.js';
import { temporaryFolder } from '../addon/temporary-folder.js';

vi.spyOn(console, 'log').mockImplementation(() => {});
const race = { kind: 'data-race', expected: /data race/ };

/** A program that is as silent as one without a sanitizer, or writes a report as one with it does. */
function program(reports: string, report?: string): string[] {
  const path = JSON.stringify(join(reports, 'thread.1'));
  return ['-e', report ? `require('fs').writeFileSync(${path}, ${JSON.stringify(report)})` : ''];
}

test('every report is a failure, and none is one test passed', () => {
  const folder = temporaryFolder();
  expect(countReports(folder)).toMatchObject({ passed: 1, failed: 0 });
  write(join(folder, 'address.1'), 'ERROR: AddressSanitizer');
  write(join(folder, 'undefined.2'), 'runtime error');
  expect(countReports(folder)).toMatchObject({ passed: 0, failed: 2 });
});

test.each([
  ['reported', 'WARNING: data race', 1],
  ['reported as something else', 'FATAL: unexpected memory mapping', 0],
  ['not reported', undefined, 0],
])('a planted fault that is %s', (_how, report, passed) => {
  const reports = temporaryFolder();
  const sanitizer = { env: {}, reports };
  const outcome = expectReport('a program', race, process.execPath, program(reports, report), sanitizer);
  expect(outcome).toMatchObject({ passed, failed: 1 - passed });
  expect(countReports(reports)).toMatchObject({ failed: 0 });
});
