import { describeMachine, spread, table } from '../report.mjs';
import { pairedRatios, summary } from '../statistics.mjs';

/** docs/benchmarks/generate.md */
export function generateMarkdown({ command, machine, settings, contenders }) {
  const { parameters, promptTokens, newTokens, batch, rounds, threads, environment } = settings;
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const ours = contenders.filter(({ bytes }) => bytes);
  const theirs = contenders.filter(({ bytes }) => !bytes);
  return [
    '# Generation, beside its peers',
    '',
    `    ${command}`,
    '',
    describeMachine(machine),
    '',
    `GPT-2 with ${(parameters / 1e6).toFixed(1)}M random weights, ${promptTokens} tokens of prompt, ${newTokens} new ones, greedy, ${threads} threads`,
    `(${variables.join(', ')} for all). Everyone has one request in turn, ${rounds} rounds in one run after one unmeasured; a ratio is taken`,
    'within a round. No prompt comes twice. float32 contenders gave the same tokens. Prefill: until the first token; decode: all tokens after it.',
    '',
    '## One request',
    '',
    table(
      [
        '',
        'tokens/s of decode, median (min – max)',
        'prefill, ms',
        'share of the memory bound',
        'tokens as in float32',
      ],
      contenders.map((run) => [
        `${run.name}${run.bytes ? '' : ` (${run.version})`}`,
        spread(summary(run.decode.map((seconds) => (newTokens - 1) / seconds))),
        (summary(run.first).median * 1000).toFixed(0),
        run.bytes ? percent(memoryShare(run, newTokens)) : '',
        String(agreement(run.tokens, contenders[0].tokens)),
      ]),
    ),
    '',
    'The memory bound is reached when a token takes as long as reading as many bytes as the weights have once; that is measured in the',
    'same round by a loop that does nothing else, the least of five times.',
    ...(theirs.length > 0 ? ['', ratios('decode time of …, divided by …', theirs, ours, ({ decode }) => decode)] : []),
    ...(batch > 1 ? batchSection(contenders, ours, theirs, settings) : []),
    '',
  ].join('\n');
}

function batchSection(contenders, ours, theirs, { batch, newTokens }) {
  const batched = contenders.filter((run) => run.batch.length > 0);
  const single = ({ first, decode }) => first.map((seconds, round) => batch * (seconds + decode[round]));
  const other = theirs.filter((run) => run.batch.length > 0);
  return [
    '',
    `## ${batch} requests at once`,
    '',
    table(
      ['', 'tokens/s in all, prefill included, median (min – max)', 'times one after another'],
      batched.map((run) => [
        run.name,
        spread(summary(run.batch.map((seconds) => (batch * newTokens) / seconds))),
        pairedRatios(single(run), run.batch).median.toFixed(2),
      ]),
    ),
    ...(other.length > 0 ? ['', ratios('time of …, divided by …', other, ours, (run) => run.batch)] : []),
  ];
}

/** How many times as long each of theirs takes as each of ours, median over rounds. */
function ratios(title, theirs, ours, secondsOf) {
  return table(
    [title, ...ours.map(({ name }) => name)],
    theirs.map((peer) => [
      peer.name,
      ...ours.map((run) => pairedRatios(secondsOf(peer), secondsOf(run)).median.toFixed(2)),
    ]),
  );
}

function memoryShare({ read, decode }, newTokens) {
  return summary(read.map((seconds, round) => (seconds * (newTokens - 1)) / decode[round])).median;
}

/** How many of the first tokens are the same. */
function agreement(tokens, expected) {
  const other = tokens.findIndex((token, i) => token !== expected[i]);
  return other < 0 ? tokens.length : other;
}

function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}
