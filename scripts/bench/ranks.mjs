import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../bootstrap/failure.mjs';
import { write } from '../bootstrap/step.mjs';
import { findPython } from '../python.mjs';
import { machine, openMpSettings } from './machine.mjs';
import { Peer } from './peer.mjs';
import { ranksMarkdown } from './ranks/table.mjs';
import { command, report } from './report.mjs';
import { CLIP, OPTIMIZER, SIZES } from './sizes.mjs';
import { requireAgreement, requireSameConditions } from './train/agreement.mjs';
import { takeTurns } from './train/rounds.mjs';
import { writeWorkload } from './train/workload.mjs';

const PROCESSES = 2;
const folderOf = join(import.meta.dirname, 'peers');

/** `bench -- ranks`: the same steps by one process with all threads and by several with one each, in turn. */
export async function ranks({ size, rounds, steps, threads, json, save }) {
  if (threads % PROCESSES !== 0) throw new Failure(`${threads} threads are not shared by ${PROCESSES} processes`);
  const sizes = size === undefined ? Object.keys(SIZES).filter((name) => !SIZES[name].needsGpu) : [size];
  const settings = { processes: PROCESSES, threads, optimizer: OPTIMIZER, clip: CLIP };
  const result = { command: command(), machine: machine(), settings, sizes: [] };
  for (const name of sizes) {
    const length = { ...SIZES[name], ...(rounds && { rounds }), ...(steps && { steps }) };
    result.sizes.push(await measure(name, length, threads));
  }
  await report('ranks', { json, save }, result, ranksMarkdown(result));
}

async function measure(name, size, threads) {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bench-'));
  const peers = [];
  try {
    await writeWorkload(folder, size, { threads, device: 'cpu', dtype: 'float32' });
    for (const [peerName, program, processes] of commands(folder)) {
      const peer = new Peer(peerName, program, openMpSettings(threads / processes));
      peers.push(peer);
      peer.conditions = await peer.answer();
      peer.losses = (await peer.ask({ steps: size.warmUpSteps })).losses;
    }
    requireSameConditions(peers, threads);
    const difference = requireAgreement(peers, 'float32');
    write(`${name}: losses of the first ${size.warmUpSteps} steps agree to ${difference.toExponential(1)}`);
    const turns = await takeTurns(peers, size);
    const { rounds, steps, warmUpSteps, model, batch } = size;
    const measured = peers.map((peer, index) => ({ name: peer.name, stepSeconds: turns[index].stepSeconds }));
    return { name, rounds, steps, warmUpSteps, model, batch, lossDifference: difference, peers: measured };
  } finally {
    await Promise.all(peers.map((peer) => peer.end()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ours in several processes first: what the others are compared with. */
function commands(folder) {
  const needed = ['torch', 'numpy', 'safetensors'];
  const python = findPython(needed);
  if (!python) throw new Failure(`no python3 has ${needed.join(', ')}`, { command: 'npm run reference' });
  const node = (script, ...more) => [process.execPath, join(folderOf, script), folder, ...more];
  const torch = (script, ...more) => [python, join(folderOf, script), folder, ...more];
  return [
    [`gptorch, ${PROCESSES} processes`, node('gptorch_ranks.mjs', String(PROCESSES)), PROCESSES],
    ['gptorch, 1 process', node('gptorch_train.mjs'), 1],
    [`PyTorch DDP, ${PROCESSES} processes`, torch('torch_ranks.py', String(PROCESSES)), PROCESSES],
    ['PyTorch eager, 1 process', torch('torch_train.py', 'eager'), 1],
  ];
}
