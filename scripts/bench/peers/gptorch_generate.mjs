// gptorch's turn at generating. scripts/bench/peer.mjs has the protocol.
//
//     node gptorch_generate.mjs FOLDER
//
// {"weights": "int8", "first": 0, "requests": 1} → as `generate/contenders.mjs` says; {"read": BYTES} → {"seconds"} of reading as much.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gptorch } from '../machine.mjs';

const { engine, GPT, ones } = gptorch;
const folder = process.argv[2];
const { prompts, newTokens, threads } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
engine.setThreads(threads);
const models = new Map();
const buffers = new Map();

say({ version: engine.torchVersion, instructionSet: engine.capability, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const task = JSON.parse(line);
  say(task.read === undefined ? await generate(task) : await read(task.read));
}

async function generate({ weights, first: place, requests }) {
  if (!models.has(weights)) models.set(weights, await GPT.load(join(folder, 'model'), { decoder: { weights } }));
  const model = models.get(weights);
  const started = performance.now();
  let first;
  const texts = await Promise.all(
    prompts.slice(place, place + requests).map(async (prompt) => {
      const tokens = [];
      for await (const token of model.generate(prompt, { maxNewTokens: newTokens, temperature: 0 })) {
        first ??= performance.now();
        tokens.push(token);
      }
      return tokens;
    }),
  );
  return { firstSeconds: (first - started) / 1000, seconds: (performance.now() - started) / 1000, tokens: texts[0] };
}

/** A product of a vector and a matrix of that many bytes, which takes as long as reading it. */
async function read(bytes) {
  const columns = 4096;
  const rows = Math.ceil(bytes / 4 / columns);
  if (!buffers.has(bytes)) buffers.set(bytes, [ones([rows, columns]), ones([columns, 1])]);
  const [matrix, vector] = buffers.get(bytes);
  const started = performance.now();
  const product = matrix.matmul(vector);
  await product.sum().item();
  const seconds = (performance.now() - started) / 1000;
  product.dispose();
  return { seconds: (seconds * bytes) / (4 * rows * columns) };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
