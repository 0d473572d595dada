import { describeMachine, spread, table } from '../report.mjs';
import { pairedRatios, summary } from '../statistics.mjs';

/** docs/benchmarks/train.md */
export function trainMarkdown({ command, machine, settings, sizes }) {
  const { threads, device = 'cpu', dtype = 'float32', optimizer, clip, environment } = settings;
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return [
    '# A training step, beside PyTorch',
    '',
    `    ${command}`,
    '',
    describeMachine(machine),
    '',
    'Every peer starts from the same weights (N(0, 0.02)), reads the same batches and makes the same update: forward, loss, backward,',
    `clipping to a global norm of ${clip}, fused AdamW (learning rate ${optimizer.lr}, betas ${optimizer.betas.join(' and ')}, decay ${optimizer.weightDecay} on matrices).`,
    `GPT-2 with pre-norm, tanh GELU, biases, tied output weights, no dropout; ${dtype} on ${device}. PyTorch is a plain nanoGPT-like script`,
    '(`scaled_dot_product_attention`, `cross_entropy`, `torch.compile` with its defaults). The peers take turns in one run; a ratio is taken',
    `within a round. ${threads} threads; ${variables.join(', ')} for all of them.`,
    ...sizes.flatMap(sizeSection),
    '',
  ].join('\n');
}

function sizeSection(size) {
  const { name, model, batch, rounds, steps, warmUpSteps, lossDifference, peers } = size;
  const [ours, ...others] = peers;
  return [
    '',
    `## ${name}`,
    '',
    `Vocabulary ${model.vocabSize}, length ${model.contextLength}, ${model.layers} layers, ${model.heads} heads, width ${model.width}, batch ${batch};`,
    `${rounds} rounds of ${steps} steps. The losses of the first ${warmUpSteps} steps differ by at most ${lossDifference.toExponential(1)}.`,
    '',
    table(
      ['step time of …, divided by gptorch’s', 'min', 'median', 'max'],
      others.map((peer) => {
        const { min, median, max } = pairedRatios(peer.stepSeconds, ours.stepSeconds);
        return [peer.name, ...[min, median, max].map((ratio) => ratio.toFixed(3))];
      }),
    ),
    '',
    ...(peers.some(({ mfu }) => typeof mfu === 'number') ? throughput(peers) : []),
    table(
      ['', 'ms a step, median (min – max)', 'CPU ms a step, median', 'peak memory, MiB', 'start to first loss, s'],
      peers.map((peer) => [
        peer.name,
        spread(summary(peer.stepSeconds.map(milliseconds))),
        summary(peer.stepCpuSeconds.map(milliseconds)).median.toFixed(1),
        peer.peakMemory === null ? '?' : (peer.peakMemory / 2 ** 20).toFixed(0),
        peer.firstStepSeconds.toFixed(1),
      ]),
    ),
  ];
}

/** The formula stands in utilization.mjs. */
function throughput(peers) {
  const rows = peers.map(({ name, tokensPerSecond, mfu }) => [
    name,
    Math.round(tokensPerSecond).toLocaleString('en'),
    mfu === null ? '?' : `${(100 * mfu).toFixed(1)} %`,
  ]);
  return [
    table(['', 'tokens a second', 'MFU'], rows),
    '',
    'MFU = tokens/s · (6 N + 12 · layers · width · contextLength) / peak; N: all parameters but the embeddings of positions.',
    '',
  ];
}

function milliseconds(seconds) {
  return seconds * 1000;
}
