import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../bootstrap/failure.mjs';
import { write } from '../bootstrap/step.mjs';
import { startDecodingPeers } from './decode/peers.mjs';
import { decodeMarkdown } from './decode/table.mjs';
import { PROMPT_TOKENS, writeWorkload } from './generate/workload.mjs';
import { machine, openMpSettings } from './machine.mjs';
import { command, report } from './report.mjs';

/** `bench -- decode`: the same prompts, greedy, on a device by gptorch and PyTorch in turn, for each size of batch. */
export async function decode({ size, rounds, newTokens, batches, threads, device, dtype, compile, json, save }) {
  const head = { command: command(), machine: machine() };
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bench-'));
  let peers = [];
  try {
    const requests = batches.reduce((sum, batch) => sum + batch, 0);
    const { parameters } = await writeWorkload(folder, size, {
      ...{ newTokens, threads, device, dtype },
      prompts: (rounds + WARM_UP) * requests,
    });
    peers = await startDecodingPeers(folder, { threads, dtype, compile });
    const runs = await takeTurns(peers, { rounds, batches });
    if (dtype === 'float32') requireSameTokens(runs);
    const settings = {
      ...{ size, parameters, promptTokens: PROMPT_TOKENS, newTokens, batches, rounds, threads, device, dtype },
      environment: openMpSettings(threads),
    };
    const result = { ...head, settings, contenders: runs };
    await report('decode', { json, save }, result, decodeMarkdown(result));
  } finally {
    await Promise.all(peers.map(({ peer }) => peer.end()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Unmeasured rounds: in the first a peer compiles and its cache grows, in the second it records its steps. */
const WARM_UP = 2;

async function takeTurns(peers, { rounds, batches }) {
  const runs = peers.map(({ name, conditions }) => ({
    ...{ name, version: conditions.version },
    /** Seconds to the first token and to the last, by round. */
    batches: batches.map((batch) => ({ batch, first: [], all: [], tokens: [] })),
  }));
  let prompts = 0;
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const [place, batch] of batches.entries()) {
      for (const [i, peer] of peers.entries()) {
        const { firstSeconds, seconds, tokens, launches } = await peer.ask(prompts, batch);
        const run = runs[i].batches[place];
        Object.assign(run, { tokens }, launches !== undefined && { launches });
        if (round < 0) continue;
        run.first.push(firstSeconds);
        run.all.push(seconds);
      }
      prompts += batch;
    }
    write(round < 0 ? 'warmed up' : `round ${round + 1} of ${rounds}`);
  }
  return runs;
}

/** @throws Failure where those with float32 weights do not write the same: times of different work must not be compared */
function requireSameTokens([ours, ...others]) {
  for (const other of others) {
    const differs = other.batches.some(({ tokens }, place) => String(tokens) !== String(ours.batches[place].tokens));
    if (differs) throw new Failure(`${other.name} and ${ours.name} give other tokens, so nothing is reported`);
  }
}
