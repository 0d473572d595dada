import { type Command, Option } from 'commander';
import { addTensorOptions, type TensorOptions } from './common-options.js';
import { modelFolder } from './model-folder.js';
import { writeJsonLine, writeOut } from './output.js';
import { nonEmpty } from './parse-option.js';

interface QuantizeOptions extends TensorOptions {
  model: string;
  out: string;
  weights: 'bfloat16' | 'int8';
}

export function addQuantize(program: Command): void {
  const command = program
    .command('quantize')
    .description('write a language model anew with smaller weights, for faster generation on the CPU')
    .requiredOption('--model <dir>', 'model directory, or a name of the Hugging Face Hub (organisation/model)')
    .requiredOption('--out <dir>', 'the directory to write', nonEmpty)
    .addOption(
      new Option('--weights <format>', 'int8: a scale for each output channel; bfloat16: transformers opens it too')
        .choices(['int8', 'bfloat16'])
        .default('int8'),
    );
  addTensorOptions(command).action(run);
}

async function run(options: QuantizeOptions): Promise<void> {
  const folder = await modelFolder(options);
  const { quantize } = await import('../model/index.js');
  const { setUpEngine } = await import('./set-up-engine.js');
  await setUpEngine(options);
  const { bytes, parameters } = await quantize(folder, options.out, options.weights);
  if (options.json) {
    await writeJsonLine({ out: options.out, weights: options.weights, parameters, bytes });
    return;
  }
  const rows = [
    ['', 'weights', 'bits a parameter'],
    [folder, megabytes(bytes.before), bits(bytes.before, parameters)],
    [options.out, megabytes(bytes.after), bits(bytes.after, parameters)],
  ];
  await writeOut(`${alignColumns(rows)}\n`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function bits(bytes: number, parameters: number): string {
  return ((8 * bytes) / parameters).toFixed(1);
}

/** The first column to the left, numbers to the right. */
function alignColumns(rows: string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('   ');
  return rows.map(line).join('\n');
}
