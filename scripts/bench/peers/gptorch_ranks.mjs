// gptorch's turn at training in several processes. scripts/bench/peer.mjs has the protocol, which rank 0 speaks; it starts the
// other ranks, as `gptorch launch` would, and hands each task on to them.
//
//     node gptorch_ranks.mjs FOLDER PROCESSES [RANK PORT]
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gptorch } from '../machine.mjs';
import { TrainingLoop } from '../training-loop.mjs';

const { engine, GPT, ProcessGroup } = gptorch;
const [folder, processes, ownRank = '0', givenPort] = process.argv.slice(2);
const [size, rank] = [Number(processes), Number(ownRank)];
const port = givenPort ?? (await freePort());
const others = rank > 0 ? [] : Array.from({ length: size - 1 }, (_, i) => startRank(i + 1));

const { batch, threads, optimizer } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
engine.setThreads(threads / size);
const group = await ProcessGroup.join({ rank, size, port: Number(port) });
const { buffer } = new Uint8Array(await readFile(join(folder, 'tokens.bin')));
const model = await GPT.load(join(folder, 'model'));
const loop = new TrainingLoop({ model, optimizer, tokens: new BigInt64Array(buffer), batch, group });

say({ version: engine.torchVersion, instructionSet: engine.capability, threads: engine.threads * size });
for await (const line of createInterface({ input: process.stdin })) {
  for (const other of others) other.stdin.write(`${line}\n`);
  say(await run(JSON.parse(line).steps));
}
for (const other of others) other.stdin.end();
await group.close();

async function run(steps) {
  const started = performance.now();
  const parts = await loop.run(steps);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, losses: await group.sum(parts) };
}

function say(answer) {
  if (rank === 0) process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function startRank(other) {
  const args = [fileURLToPath(import.meta.url), folder, processes, String(other), port];
  return spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return String(address.port);
}
