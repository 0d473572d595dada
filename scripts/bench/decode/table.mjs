import { describeMachine, spread, table } from '../report.mjs';
import { pairedRatios, summary } from '../statistics.mjs';

/** docs/benchmarks/decode.md */
export function decodeMarkdown({ command, machine, settings, contenders }) {
  const { parameters, promptTokens, newTokens, batches, rounds, device, dtype } = settings;
  return [
    '# Decoding on a device, beside PyTorch',
    '',
    `    ${command}`,
    '',
    describeMachine(machine),
    '',
    `GPT-2 with ${(parameters / 1e6).toFixed(1)}M random weights in ${dtype} on ${device}, ${promptTokens} tokens of prompt, ${newTokens} new ones, greedy,`,
    `${rounds} rounds in turn after two unmeasured; a ratio is taken within a round. PyTorch keeps keys and values in place; compiled is`,
    "`torch.compile(mode='reduce-overhead')` for the decode step. gptorch gives out each token when it is there, PyTorch reads all at the end.",
    ...batches.flatMap((batch, place) => ['', section(batch, place, contenders, newTokens)]),
    '',
  ].join('\n');
}

function section(batch, place, contenders, newTokens) {
  const tokens = batch * newTokens;
  const ours = contenders[0].batches[place];
  return table(
    [
      batch === 1 ? 'one text' : `${batch} texts`,
      'tokens/s, prompts included, median (min – max)',
      'until the first token, ms',
      "its time, divided by gptorch's",
    ],
    contenders.map(({ name, version, batches }) => {
      const { first, all } = batches[place];
      return [
        `${name} (${version})`,
        spread(summary(all.map((seconds) => tokens / seconds))),
        (summary(first).median * 1000).toFixed(1),
        pairedRatios(all, ours.all).median.toFixed(2),
      ];
    }),
  );
}
