import { describeMachine, table } from '../report.mjs';
import { LAMBDA_RUN } from './runs.mjs';

/** docs/benchmarks/tasks.md: the same figures as tasks.json, to be read. */
export function toMarkdown({ command, machine, threads, ratios, results, lambdas }) {
  const rows = results.map(({ name, task, epochs, ours, theirs, test }) => [
    ...[name, task, epochs, percent(ours.baseline), percent(ours.accuracy), percent(theirs.accuracy)],
    ...[percent(ours.best), percent(test), ours.seconds.toFixed(0), theirs.seconds.toFixed(0)],
    (ours.seconds / theirs.seconds).toFixed(2),
  ]);
  const head = [
    'data',
    'task',
    'epochs',
    'most frequent',
    'ours, last epoch',
    'PyTorch, last epoch',
    'ours, best epoch',
    'ours, test',
  ];
  const kept = lambdas.map(({ lambda, accuracy, languageModeling: { before, after } }) => [
    ...[lambda, percent(accuracy), before.perplexity.toFixed(1), after.perplexity.toFixed(1)],
  ]);
  return `# Fine-tuning on real data

\`${command}\`
${describeMachine(machine)}; ${threads} threads.

The small GPT of \`models/gpt-mini.json\`, pretrained on the training texts of all tasks (without their labels) and tiny
Shakespeare. Both sides start from the same weights, take the same batches in the same order, and measure on the development
part after each epoch; dropout differs in its random numbers. Learning rate 5e-4 (the paper's 6.25e-5 is for a model a
hundred times as large), all else the paper's. Accuracy in per cent; seconds are of training alone.

${table([...head, 'ours, s', 'PyTorch, s', 'ratio'], rows)}

${atBaseline(results)}

Wall time, ours / PyTorch's: median ${ratios.median.toFixed(2)} (${ratios.min.toFixed(2)} – ${ratios.max.toFixed(2)}).
${
  kept.length === 0
    ? ''
    : `
## What the combined loss keeps

${LAMBDA_RUN.name} with L = L_FT + λ · L_PT: accuracy of the best epoch, and the perplexity (each token) of held-out Shakespeare,
which the model was pretrained for, before and after.

${table(['λ', 'accuracy', 'perplexity before', 'perplexity after'], kept)}
`
}`;
}

function percent(share) {
  return (100 * share).toFixed(1);
}

/** Which results a small model does not lift above always the most frequent answer, by two standard errors. */
function atBaseline(results) {
  const names = results.filter(({ ours: { best, baseline, examples } }) => {
    return best - baseline < 2 * Math.sqrt((baseline * (1 - baseline)) / examples);
  });
  if (names.length === 0) return 'All are above the most frequent answer by more than two standard errors.';
  const list = names.map(({ name }) => name).join(', ');
  return `Not above the most frequent answer by two standard errors: ${list}. So small a model has not learned these.`;
}
