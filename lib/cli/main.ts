#!/usr/bin/env node
import { endQuietlyOnClosedPipe } from './output.js';
import { createProgram } from './program.js';
import { reportError } from './report-error.js';

endQuietlyOnClosedPipe();
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes('--verbose'));
}
