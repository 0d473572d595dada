import { describeMachine, table } from '../report.mjs';

/** docs/benchmarks/engine.md */
export function engineMarkdown({ command, machine, settings, share, queued, read, delay }) {
  const [step, undisturbed] = [share.stepMilliseconds, share.undisturbedStepMilliseconds].map((ms) => ms.toFixed(1));
  const shares = [
    ['on a core', share.cpuMilliseconds, share.cpuShare, '≤ 2 %'],
    [`on a core, of an undisturbed step of ${undisturbed} ms`, share.cpuMilliseconds, share.undisturbedShare, '≤ 2 %'],
    ['not waiting', share.busyMilliseconds, share.busyShare, ''],
  ].filter(([, milliseconds]) => milliseconds !== null);
  const latency = (what, { p50, p99, max }) => [what, p50.toFixed(1), p99.toFixed(1), max.toFixed(0)];
  const late = (what, { p50, p99, max }, goal) => [what, p50.toFixed(2), p99.toFixed(2), max.toFixed(1), goal];
  return [
    '# The engine, seen from JavaScript',
    '',
    `    ${command}`,
    '',
    `${describeMachine(machine)}; ${settings.threads} threads.`,
    '',
    `JavaScript's share of a training step of ${step} ms (size char, ${share.steps} steps). "Not waiting" also counts the time in which the`,
    'thread has work but no core, because the computing threads have them. An undisturbed step is the CPU time of one, divided by the',
    'threads: other processes on the machine lengthen a step, which makes the share of it look small.',
    '',
    table(
      ['the JavaScript thread is …', 'ms a step', 'share', 'goal'],
      shares.map(([what, milliseconds, part, goal]) => [
        what,
        milliseconds.toFixed(3),
        `${(100 * part).toFixed(2)} %`,
        goal,
      ]),
    ),
    '',
    table(
      ['µs', 'p50', 'p99', 'max'],
      [
        latency(`queue an operation and have its handle (${queued.repeats} times 1,000)`, queued),
        latency(`await a number that is computed (${read.awake.repeats} times), back to back`, read.awake),
        latency('the same, 2 ms of rest before each', read.rested),
      ],
    ),
    '',
    `The event loop's delay, Node's \`monitorEventLoopDelay\` with a resolution of 1 ms. It is the whole time between two firings of a 1 ms`,
    'timer; nothing is subtracted.',
    '',
    table(
      ['ms', 'p50', 'p99', 'max', 'goal (p99)'],
      [
        late(`idle, ${delay.idle.seconds.toFixed(0)} s`, delay.idle, ''),
        late(`training at size mid, ${delay.training.seconds.toFixed(0)} s`, delay.training, '≤ 10'),
      ],
    ),
    '',
  ].join('\n');
}
