import { describe } from './doctor/describe.js';
import { examine } from './doctor/report.js';
import { writeJsonLine, writeOut } from './output.js';

/** Says what gptorch finds on this machine and whether it computes. Sets exit code 1 when it does not. */
export async function doctor(options: { json: boolean }): Promise<void> {
  const report = await examine();
  if (options.json) await writeJsonLine(report);
  else await writeOut(describe(report));
  if (report.problem !== null) process.exitCode = 1;
}
