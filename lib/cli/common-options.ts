import { type Command, Option } from 'commander';
import { deviceName, nonNegativeInteger, positiveInteger } from './parse-option.js';

/** What every command takes. */
export interface CommonOptions {
  device: string;
  dtype: 'float32' | 'bfloat16';
  threads?: number;
  seed?: number;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

export function addCommonOptions(command: Command): Command {
  return command
    .option('--device <device>', 'auto, cpu, cuda or cuda:N', deviceName, 'auto')
    .addOption(new Option('--dtype <dtype>', 'computation').choices(['float32', 'bfloat16']).default('float32'))
    .option('--threads <n>', 'threads that compute (default: the cores)', positiveInteger)
    .option('--seed <n>', 'of everything random', nonNegativeInteger)
    .option('--json', 'JSON lines on stdout, the last one a summary')
    .option('--quiet', 'no progress on stderr')
    .option('--verbose', 'stack traces of errors');
}
