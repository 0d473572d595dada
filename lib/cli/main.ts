#!/usr/bin/env node
import { tellLauncher } from './launch/launched.js';
import { watchOutput } from './output.js';
import { createProgram } from './program.js';
import { EXIT, reportError } from './report-error.js';

watchOutput();
process.on('uncaughtException', (error) => process.exit(reportError(error, process.argv.includes('--verbose'))));
try {
  await createProgram().parseAsync();
} catch (error) {
  const isTold = await tellLauncher(error);
  process.exitCode = isTold ? EXIT.failed : reportError(error, process.argv.includes('--verbose'));
}
