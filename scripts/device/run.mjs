// What scripts/device/run.sh starts, once there is a Node: every stage in turn, each with what is left of the time. What is found
// goes to FOLDER/device.json and FOLDER/device.md after each stage, so that a run that is cut off leaves what it has.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Failure, fail } from '../bootstrap/failure.mjs';
import { write } from '../bootstrap/step.mjs';
import { machineOf } from './machine.mjs';
import { deviceMarkdown } from './markdown.mjs';
import { build, stages } from './stages.mjs';

const options = {
  device: { type: 'string', default: 'cuda' },
  out: { type: 'string', default: 'build/device-results' },
  minutes: { type: 'string', default: '9' },
  // An addon that is built already, with libgptorch_ops_cuda beside it.
  addon: { type: 'string' },
  // A short form that shows that the stages work, on any device.
  tiny: { type: 'boolean', default: false },
};

async function main() {
  const { values } = parseArgs({ options });
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  if (!Number.isFinite(deadline))
    throw new Failure(`--minutes must be a number, not ${values.minutes}`, { exitCode: 2 });
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'gptorch-device-'));
  const result = {
    command: ['scripts/device/run.sh', ...process.argv.slice(2)].join(' '),
    machine: machineOf(values),
    stages: [],
  };
  try {
    const built = await stage(result, out, deadline, 'build', (left) => build(values, left));
    if (built.ok) {
      const context = { ...values, addon: built.addon, work };
      for (const [name, run] of stages(values)) await stage(result, out, deadline, name, (left) => run(context, left));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const failed = result.stages.filter(({ ok }) => !ok);
  write(`${result.stages.length - failed.length} passed, ${failed.length} failed; ${out}/device.md`);
  if (failed.length > 0) process.exitCode = 1;
}

/** Runs a stage and keeps what it gives; one that fails or for which no time is left is kept as such. */
async function stage(result, out, deadline, name, run) {
  const started = performance.now();
  const left = deadline - started;
  const outcome = left > 0 ? await run(left) : { ok: false, problem: 'no time was left' };
  const seconds = (performance.now() - started) / 1000;
  const kept = { name, seconds, ...outcome };
  result.stages.push(kept);
  write(
    `${kept.ok ? 'ok     ' : 'FAILED '} ${name} (${seconds.toFixed(0)} s)${kept.problem ? `: ${kept.problem}` : ''}`,
  );
  writeFileSync(join(out, 'device.json'), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(out, 'device.md'), deviceMarkdown(result));
  return kept;
}

await main().catch(fail);
