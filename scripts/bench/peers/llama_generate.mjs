// node-llama-cpp's turn at generating, from FOLDER/q8_0.gguf (see write_gguf.py). scripts/bench/peer.mjs has the protocol.
//
//     node llama_generate.mjs FOLDER PACKAGES
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [folder, packages] = process.argv.slice(2);
const { getLlama } = await import(pathToFileURL(join(packages, 'node_modules', 'node-llama-cpp', 'dist', 'index.js')));
const { prompts, newTokens, threads } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
const model = await llama.loadModel({ modelPath: join(folder, 'q8_0.gguf'), gpuLayers: 0 });
const context = await model.createContext({ contextSize: 256, batchSize: 256, threads, sequences: 1 });
const sequence = context.getSequence();

say({ version: 'q8_0', threads: context.currentThreads });
for await (const line of createInterface({ input: process.stdin }))
  say(await generate(prompts[JSON.parse(line).first]));
await llama.dispose();

async function generate(prompt) {
  await sequence.clearHistory();
  const tokens = [];
  const started = performance.now();
  let first;
  for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    first ??= performance.now();
    tokens.push(token);
    if (tokens.length === newTokens) break;
  }
  return { firstSeconds: (first - started) / 1000, seconds: (performance.now() - started) / 1000, tokens };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
