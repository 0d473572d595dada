import { type Command, Option } from 'commander';
import { BOUNDS } from '../bounds.js';
import { deviceName, nonNegativeInteger, wholeWithin } from './parse-option.js';

/** What every command takes that works on tensors. */
export interface TensorOptions {
  device: string;
  threads?: number;
  seed?: number;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

/** What every command takes that trains a model or computes with it. */
export interface CommonOptions extends TensorOptions {
  dtype: 'float32' | 'bfloat16';
}

export function addCommonOptions(command: Command): Command {
  const dtype = new Option('--dtype <dtype>', 'number format to compute in; parameters stay float32');
  return addTensorOptions(command.addOption(dtype.choices(['float32', 'bfloat16']).default('float32')));
}

export function addTensorOptions(command: Command): Command {
  return command
    .option('--device <device>', 'auto, cpu, cuda or cuda:N', deviceName, 'auto')
    .option('--threads <n>', 'threads to compute with (default: the cores)', wholeWithin(BOUNDS.threads))
    .option('--seed <n>', 'seed of all that is random', nonNegativeInteger)
    .option('--json', 'JSON lines on stdout, the last one a summary')
    .option('--quiet', 'no progress on stderr')
    .option('--verbose', 'stack traces of errors');
}
