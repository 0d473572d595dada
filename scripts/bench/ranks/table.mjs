import { describeMachine, spread, table } from '../report.mjs';
import { pairedRatios, summary } from '../statistics.mjs';

/** docs/benchmarks/ranks.md */
export function ranksMarkdown({ command, machine, settings, sizes }) {
  const { processes, threads } = settings;
  return [
    `# A training step by ${processes} processes`,
    '',
    `    ${command}`,
    '',
    describeMachine(machine),
    '',
    `${processes} processes with ${threads / processes} thread each, which have equal parts of each batch and sum their gradients over gloo on loopback, beside one`,
    `process with ${threads} threads, and PyTorch's DistributedDataParallel over the gloo of the same libtorch. The same initial weights, batches and`,
    'update for all (docs/benchmarks/train.md says which); their losses are checked to agree. In turn in one run; a ratio is taken within a round.',
    ...sizes.flatMap(sizeSection),
    '',
  ].join('\n');
}

function sizeSection({ name, model, batch, rounds, steps, warmUpSteps, lossDifference, peers }) {
  const [ours, ...others] = peers;
  return [
    '',
    `## ${name}`,
    '',
    `Vocabulary ${model.vocabSize}, length ${model.contextLength}, ${model.layers} layers, width ${model.width}, batch ${batch}; ${rounds} rounds of ${steps} steps. The losses of the`,
    `first ${warmUpSteps} steps differ by at most ${lossDifference.toExponential(1)}.`,
    '',
    table(
      [`step time of …, divided by that of ${ours.name}`, 'min', 'median', 'max'],
      others.map((peer) => {
        const { min, median, max } = pairedRatios(peer.stepSeconds, ours.stepSeconds);
        return [peer.name, ...[min, median, max].map((ratio) => ratio.toFixed(3))];
      }),
    ),
    '',
    table(
      ['', 'ms a step, median (min – max)'],
      peers.map((peer) => [peer.name, spread(summary(peer.stepSeconds.map((seconds) => seconds * 1000)))]),
    ),
  ];
}
