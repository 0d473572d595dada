// Runs of one side each, and what they say at their end.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../bootstrap/paths.mjs';
import { findPython } from '../../python.mjs';

/** Pretrains the model that everything starts from. */
export async function pretrain(context, text, out) {
  rmSync(out, { recursive: true, force: true });
  await gptorch(context, ['pretrain', '--config', 'gpt-mini', '--data', text, '--out', out]);
}

/**
 * Fine-tunes with gptorch.
 *
 * @returns accuracy after the last epoch and of the best one, seconds of training alone
 */
export async function ours(context, { task, epochs, lr }, { start, files, out, more = [] }) {
  rmSync(out, { recursive: true, force: true });
  const data = ['--train', files('train'), '--eval', files('dev')];
  const args = [
    '--task',
    task,
    '--model',
    start,
    ...data,
    '--out',
    out,
    '--epochs',
    String(epochs),
    '--lr',
    String(lr),
  ];
  const summary = await gptorch(context, ['finetune', ...args, ...more]);
  const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return {
    accuracy: metrics.findLast(({ scores }) => scores !== undefined).scores.accuracy,
    best: summary.accuracy,
    baseline: summary.baseline,
    examples: summary.examples.evaluation,
    seconds: summary.tokens / summary.tokensPerSecond,
    languageModeling: summary.languageModeling,
  };
}

/** The same steps by PyTorch. */
export async function theirs({ threads, env }, { task, epochs }, { start, plan, evaluation }) {
  const python = findPython(['torch', 'transformers', 'safetensors', 'numpy']);
  const script = join(root, 'scripts', 'bench', 'peers', 'finetune.py');
  const model = ['--model', start, '--head', join(start, 'model.safetensors'), '--task', task];
  const args = [
    script,
    ...model,
    '--plan',
    plan,
    '--eval',
    evaluation,
    '--epochs',
    String(epochs),
    '--threads',
    String(threads),
  ];
  const { accuracy, seconds } = await lastLine(python, args, env);
  return { accuracy, seconds };
}

/** Accuracy of a fine-tuned model on another file. */
export async function test(context, model, file) {
  const { accuracy } = await gptorch(context, ['evaluate', '--model', model, '--data', file]);
  return accuracy;
}

function gptorch({ main, threads, env }, args) {
  return lastLine(process.execPath, [main, ...args, '--json', '--threads', String(threads)], env);
}

async function lastLine(command, args, env) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return JSON.parse(output.trim().split('\n').at(-1));
}
