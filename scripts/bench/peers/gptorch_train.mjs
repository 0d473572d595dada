// gptorch's turn at training. scripts/bench/peer.mjs has the protocol.
//
//     node gptorch_train.mjs FOLDER
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gptorch } from '../machine.mjs';
import { TrainingLoop } from '../training-loop.mjs';

const { engine, GPT } = gptorch;
const folder = process.argv[2];
const { batch, threads, device, dtype, optimizer } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
engine.setThreads(threads);
const { buffer } = new Uint8Array(await readFile(join(folder, 'tokens.bin')));
const model = await GPT.load(join(folder, 'model'), { device: engine.device(device) });
const loop = new TrainingLoop({ model, optimizer, tokens: new BigInt64Array(buffer), batch, dtype });

say({ version: engine.torchVersion, instructionSet: engine.capability, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) say(await run(JSON.parse(line).steps));

async function run(steps) {
  const cpuBefore = process.cpuUsage();
  const started = performance.now();
  const losses = await loop.run(steps);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { seconds, cpuSeconds: (user + system) / 1e6, losses };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
