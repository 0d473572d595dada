// gptorch's turn at generating. scripts/bench/peer.mjs has the protocol.
//
//     node gptorch_generate.mjs FOLDER
//
// {"weights": "int8", "first": 0, "requests": 1} → as `generate/contenders.mjs` says.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gptorch } from '../machine.mjs';

const { engine, GPT } = gptorch;
const folder = process.argv[2];
const { prompts, newTokens, threads, device } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
engine.setThreads(threads);
const models = new Map();

say({ version: engine.torchVersion, instructionSet: engine.capability, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) say(await generate(JSON.parse(line)));

async function generate({ weights, first: place, requests }) {
  if (!models.has(weights))
    models.set(weights, await GPT.load(join(folder, 'model'), { device, decoder: { weights } }));
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
  const seconds = (performance.now() - started) / 1000;
  const { launches } = model.decoder.stats();
  return { firstSeconds: (first - started) / 1000, seconds, tokens: texts[0], launches };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
