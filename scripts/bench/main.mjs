// The benchmarks' command line; scripts/bench.mjs makes the checkout ready before it.
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { fail } from '../bootstrap/failure.mjs';
import { decode } from './decode.mjs';
import { engine } from './engine.mjs';
import { GENERATE_SIZES } from './generate/workload.mjs';
import { generate } from './generate.mjs';
import { ranks } from './ranks.mjs';
import { SIZES } from './sizes.mjs';
import { RUNS } from './tasks/runs.mjs';
import { tasks } from './tasks.mjs';
import { train } from './train.mjs';

const program = new Command('npm run bench --').description('Measures gptorch, beside its peers where there are any.');

common(program.command('train'))
  .description('a training step: ours, PyTorch eager and PyTorch compiled, in turn')
  .addOption(new Option('--size <name>', 'one size alone').choices(Object.keys(SIZES)))
  .option('--rounds <n>', 'turns of each peer (default: by size)', count)
  .option('--steps <n>', 'training steps a turn (default: by size)', count)
  .option('--device <device>', 'cpu, cuda or cuda:N', 'cpu')
  .addOption(
    new Option('--dtype <dtype>', 'of products and attention').choices(['float32', 'bfloat16']).default('float32'),
  )
  .option('--no-compile', 'without PyTorch compiled, whose first step takes long')
  .action(train);

common(program.command('ranks'))
  .description('a training step by two processes of one thread: beside one process of two threads, and PyTorch DDP')
  .addOption(new Option('--size <name>', 'one size alone').choices(Object.keys(SIZES)))
  .option('--rounds <n>', 'turns of each peer (default: by size)', count)
  .option('--steps <n>', 'training steps a turn (default: by size)', count)
  .action(ranks);

common(program.command('engine'))
  .description("JavaScript's part: its share of a step, queueing, reading, the event loop's delay")
  .option('--steps <n>', 'training steps of each size (default: by size)', count)
  .option('--repeats <n>', 'repeats of the short measurements', count, 200)
  .action(engine);

common(program.command('generate'))
  .description(
    'generation: ours in each format of the weights, transformers, onnxruntime-node and node-llama-cpp, in turn',
  )
  .addOption(new Option('--size <name>', 'the model').choices(Object.keys(GENERATE_SIZES)).default('gpt2'))
  .option('--rounds <n>', 'turns of each', count, 5)
  .option('--new-tokens <n>', 'tokens after the prompt', count, 128)
  .option('--batch <n>', 'requests at once', count, 16)
  .option('--fetch', 'install onnxruntime-node and node-llama-cpp into build/bench-peers first')
  .option('--no-peers', 'ours alone')
  .action(generate);

common(program.command('decode'))
  .description('generation on a device: ours, and PyTorch with keys and values kept, eager and compiled, in turn')
  .addOption(new Option('--size <name>', 'the model').choices(Object.keys(GENERATE_SIZES)).default('gpt2'))
  .option('--rounds <n>', 'turns of each', count, 5)
  .option('--new-tokens <n>', 'tokens after the prompt', count, 128)
  .option('--batches <list>', 'requests at once, for each measurement', counts, [1, 16])
  .option('--device <device>', 'cpu, cuda or cuda:N', 'cpu')
  .addOption(new Option('--dtype <dtype>', 'of the weights').choices(['float32', 'bfloat16']).default('bfloat16'))
  .option('--no-compile', 'without PyTorch compiled, whose first step takes long')
  .action(decode);

common(program.command('tasks'))
  .description('fine-tuning on real data: ours and PyTorch on the same batches, and what the combined loss keeps')
  .requiredOption(
    '--data <dir>',
    'folder with the data sets: classification, entailment, similarity, multiple_choice, pretrain',
  )
  .option('--work <dir>', 'where models are kept; a pretrained one is used again', 'runs/tasks')
  .addOption(
    new Option('--only <name...>', 'some data sets, without the comparison of λ').choices(RUNS.map(({ name }) => name)),
  )
  .action(tasks);

await program.parseAsync().catch(fail);

function common(command) {
  return command
    .option('--threads <n>', 'threads that libtorch computes with', count, availableParallelism())
    .option('--json', 'the figures as JSON on stdout instead of a table')
    .option('--save', 'write table and JSON to docs/benchmarks');
}

function count(text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1.');
  return value;
}

function counts(text) {
  return text.split(',').map(count);
}
