import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { write } from '../bootstrap/step.mjs';
import { machine, openMpSettings } from './machine.mjs';
import { command, report } from './report.mjs';
import { CLIP, OPTIMIZER, SIZES } from './sizes.mjs';
import { requireAgreement, requireSameConditions } from './train/agreement.mjs';
import { startTrainingPeers } from './train/peers.mjs';
import { takeTurns } from './train/rounds.mjs';
import { trainMarkdown } from './train/table.mjs';
import { utilization } from './train/utilization.mjs';
import { writeWorkload } from './train/workload.mjs';

/** `bench -- train`: the same steps from the same weights on the same tokens, by each peer in turn. */
export async function train({ size, rounds, steps, threads, device, dtype, compile, json, save }) {
  const onGpu = device !== 'cpu';
  const sizes = size === undefined ? Object.keys(SIZES).filter((name) => onGpu || !SIZES[name].needsGpu) : [size];
  const result = {
    command: command(),
    machine: machine(),
    settings: { threads, device, dtype, optimizer: OPTIMIZER, clip: CLIP, environment: openMpSettings(threads) },
    sizes: [],
  };
  for (const name of sizes) {
    const settings = { ...SIZES[name], ...(rounds && { rounds }), ...(steps && { steps }) };
    result.sizes.push(await measure(name, settings, { threads, device, dtype, compile }));
  }
  await report('train', { json, save }, result, trainMarkdown(result));
}

async function measure(name, size, { threads, device, dtype, compile }) {
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bench-'));
  const peers = [];
  try {
    await writeWorkload(folder, size, { threads, device, dtype });
    for await (const peer of startTrainingPeers(folder, threads, compile)) {
      peers.push(peer);
      write(`${name}: ${peer.name} ready, first loss after ${peer.firstStepSeconds.toFixed(1)} s`);
    }
    requireSameConditions(peers, threads);
    for (const peer of peers) peer.losses.push(...(await peer.ask({ steps: size.warmUpSteps - 1 })).losses);
    const difference = requireAgreement(peers, dtype);
    write(`${name}: losses of the first ${size.warmUpSteps} steps agree to ${difference.toExponential(1)}`);
    const turns = await takeTurns(peers, size, (round) => {
      if ((round + 1) % 5 === 0) write(`${name}: round ${round + 1} of ${size.rounds}`);
    });
    return {
      name,
      ...size,
      firstLoss: peers[0].losses[0],
      lossDifference: difference,
      peers: peers.map((peer, index) => ({
        name: peer.name,
        version: peer.conditions.version,
        firstStepSeconds: peer.firstStepSeconds,
        peakMemory: peer.peakMemory(),
        ...utilization(size, turns[index].stepSeconds, device),
        ...turns[index],
      })),
    };
  } finally {
    await Promise.all(peers.map((peer) => peer.end()));
    await rm(folder, { recursive: true, force: true });
  }
}
