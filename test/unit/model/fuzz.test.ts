import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engine, GPT, InputError, Random } from '../../../lib/index.js';
import { fileOf } from '../io/safetensors-bytes.js';

/*
 * Mutated model directories: whatever is in them, opening one gives a model or an InputError. Seeded, so that a failure
 * is the same the next time.
 */
const ROUNDS = 100;
const VALUES = [
  '-1',
  '0',
  '1e999',
  '-0',
  '9007199254740993',
  '1e308',
  '0.5',
  'null',
  'true',
  '"x"',
  '[]',
  '{}',
  '[[1]]',
];

let folder: string;
let weights: Buffer;
let config: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-fuzz-'));
  const model = new GPT({ vocabSize: 5, contextLength: 4, layers: 1, heads: 1, width: 4 });
  await model.save(folder);
  model.dispose();
  weights = withoutChecksums(await readFile(join(folder, 'model.safetensors')));
  config = await readFile(join(folder, 'config.json'), 'utf8');
});
afterAll(() => rm(folder, { recursive: true }));

/** With them nearly every change is told as damage of the header, and the other checks would not be reached. */
function withoutChecksums(bytes: Buffer): Buffer {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__: _, ...tensors } = JSON.parse(bytes.toString('utf8', 8, start));
  return fileOf(tensors, bytes.subarray(start));
}

type Mutation = (random: Random) => { weights?: Buffer; config?: string };

const mutations: Record<string, Mutation> = {
  'a byte of the weights': (random) => {
    const bytes = Buffer.from(weights);
    // Most bytes are numbers of tensors: the header is where it gets interesting.
    const end = random.nextInt(4) === 0 ? bytes.length : 8 + Number(bytes.readBigUInt64LE(0));
    for (let i = random.nextInt(3); i >= 0; i--) bytes[random.nextInt(end)] = random.nextInt(256);
    return { weights: bytes };
  },
  'the length of the file': (random) => {
    const cut = weights.subarray(0, random.nextInt(weights.length));
    return { weights: random.nextInt(2) === 0 ? cut : Buffer.concat([weights, cut]) };
  },
  'a value in the header': (random) => {
    const start = 8 + Number(weights.readBigUInt64LE(0));
    return { weights: fileOf(mutateJson(weights.toString('utf8', 8, start), random), weights.subarray(start)) };
  },
  'the order of the header': (random) => {
    const start = 8 + Number(weights.readBigUInt64LE(0));
    const entries = Object.entries(JSON.parse(weights.toString('utf8', 8, start)));
    const moved = entries.map(([name], i) => [name, entries[(i + random.nextInt(3)) % entries.length]?.[1]]);
    return { weights: fileOf(Object.fromEntries(moved), weights.subarray(start)) };
  },
  'a value in config.json': (random) => ({ config: mutateJson(config, random) }),
};

/** Puts another value, or a piece of the same text, in the place of one. */
function mutateJson(json: string, random: Random): string {
  const places = [...json.matchAll(/"[^"]*"|-?\d[\d.e-]*|true|false|null|[[\]{},:]/g)];
  const place = places[random.nextInt(places.length)];
  const other = places[random.nextInt(places.length)]?.[0];
  const value = random.nextInt(3) === 0 ? other : VALUES[random.nextInt(VALUES.length)];
  if (!place) throw new Error('nothing to mutate');
  return json.slice(0, place.index) + value + json.slice(place.index + place[0].length);
}

test.each(Object.entries(mutations))('%s', async (name, mutate) => {
  const random = new Random(20181);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const mutated = { weights, config, ...mutate(random) };
    await writeFile(join(folder, 'model.safetensors'), mutated.weights);
    await writeFile(join(folder, 'config.json'), mutated.config);
    const result = await GPT.load(folder).catch((error) => error);
    if (result instanceof GPT) {
      result.dispose();
      continue;
    }
    refused++;
    expect(result, `${name}, round ${round}: ${result.stack}`).toBeInstanceOf(InputError);
    expect(result.message).toContain(folder);
  }
  // Nothing else would tell that the mutations reach the checks.
  expect(refused).toBeGreaterThan(ROUNDS / 4);
  await engine.idle();
});
