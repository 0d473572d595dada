import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { InputError } from '../../../lib/errors.js';
import { type Metrics, MetricsLog, readMetrics } from '../../../lib/train/metrics-log.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-metrics-'));
  path = join(folder, 'metrics.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const step = (n: number): Metrics => ({
  step: n,
  trainLoss: 1 / (n + 1),
  lr: 0.1,
  gradNorm: 1,
  tokens: n * 8,
  seconds: n,
});
const validation = (n: number): Metrics => ({ step: n, valLoss: 0.5, seconds: n });

async function write(lines: Metrics[]): Promise<void> {
  const log = await MetricsLog.open(path);
  for (const line of lines) await log.append(line);
  await log.close();
}

it('reads back what was appended, exactly', async () => {
  const lines = [validation(0), step(0), step(1)];
  await write(lines);
  expect(await readMetrics(path)).toEqual(lines);
});

it('has each line in the file before the log is closed', async () => {
  const log = await MetricsLog.open(path);
  await log.append(step(0));
  expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(step(0))}\n`);
  await log.close();
});

it.each([
  [2, [validation(0), step(0), step(1), validation(2), step(2)]],
  [0, [validation(0), step(0), step(1), step(2)]], // stopped after two steps, before it validated again
  [null, [step(0), step(1), step(2)]],
])('cuts off what a run resumed after two steps and validated at %s does again', async (validatedAt, kept) => {
  await write([validation(0), step(0), step(1), validation(2), step(2), step(3), validation(4)]);
  const log = await MetricsLog.open(path, { step: 2, validatedAt });
  await log.append(step(2));
  await log.close();
  expect(await readMetrics(path)).toEqual(kept);
});

it('begins anew without a step to resume at', async () => {
  await write([step(0)]);
  await (await MetricsLog.open(path)).close();
  expect(await readMetrics(path)).toEqual([]);
});

it('leaves out a line that a kill has torn', async () => {
  await write([step(0), step(1)]);
  await appendFile(path, '{"step":2,"trainLo');
  expect(await readMetrics(path)).toEqual([step(0), step(1)]);
});

it('names file and line of what is not JSON', async () => {
  await writeFile(path, '{"step":0}\nnonsense\n');
  await expect(readMetrics(path)).rejects.toThrow(InputError);
  await expect(readMetrics(path)).rejects.toThrow(`${path}:2: not a JSON object: nonsense`);
});

it('names the file where a line cannot be written', async () => {
  const log = await MetricsLog.open(path);
  await log.close();
  await expect(log.append(step(0))).rejects.toThrow(`cannot write ${path}: `);
});

it('numbers that are not finite come back as NaN', async () => {
  const lines: Metrics[] = [
    { ...validation(1), valLoss: Number.NaN, scores: { accuracy: 0.5, pearson: Number.NaN } },
    { ...step(1), trainLoss: Number.POSITIVE_INFINITY },
  ];
  await write(lines);
  expect(await readMetrics(path)).toEqual([lines[0], { ...step(1), trainLoss: Number.NaN }]);
});
