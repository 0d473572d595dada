import { Option } from 'commander';
import type { WeightFormat } from '../decode/index.js';

/** What a command that generates takes. */
export interface WeightsOption {
  weights?: WeightFormat;
}

export function weightsOption(): Option {
  return new Option(
    '--weights <format>',
    'number format of the weights that texts are generated with; smaller is faster, less exact (default: bfloat16 with --dtype bfloat16, else as the files keep them)',
  ).choices(['float32', 'bfloat16', 'int8']);
}
