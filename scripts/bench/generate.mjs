import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../bootstrap/failure.mjs';
import { write } from '../bootstrap/step.mjs';
import { startContenders, startReader } from './generate/contenders.mjs';
import { fetchPeers } from './generate/fetch.mjs';
import { generateMarkdown } from './generate/table.mjs';
import { PROMPT_TOKENS, writeWorkload } from './generate/workload.mjs';
import { machine, openMpSettings } from './machine.mjs';
import { command, report } from './report.mjs';

/** `bench -- generate`: the same prompts, greedy, by each contender in turn; one request, then several at once. */
export async function generate({ size, rounds, newTokens, batch, threads, fetch, peers, json, save }) {
  if (fetch) await fetchPeers();
  const head = { command: command(), machine: machine() };
  const folder = await mkdtemp(join(tmpdir(), 'gptorch-bench-'));
  let contenders = [];
  let reader;
  try {
    const { parameters, weights } = await writeWorkload(folder, size, {
      ...{ newTokens, threads },
      prompts: (rounds + 1) * (1 + batch),
    });
    contenders = await startContenders(folder, { threads, peers });
    reader = await startReader(folder, threads);
    const runs = await takeTurns(contenders, reader, { rounds, batch, weights });
    requireSameTokens(runs);
    const environment = openMpSettings(threads);
    const settings = {
      size,
      parameters,
      weights,
      promptTokens: PROMPT_TOKENS,
      newTokens,
      batch,
      rounds,
      threads,
      environment,
    };
    const result = { ...head, settings, contenders: runs };
    await report('generate', { json, save }, result, generateMarkdown(result));
  } finally {
    await Promise.all(
      [...new Set([...contenders, { peer: reader }].map(({ peer }) => peer))].map((peer) => peer?.end()),
    );
    await rm(folder, { recursive: true, force: true });
  }
}

/** A B C A B C …: in each round each contender has one request, then each that can a batch; after a first round unmeasured. */
async function takeTurns(contenders, reader, { rounds, batch, weights }) {
  const runs = contenders.map(({ name, bytes, peer }) => ({
    ...{ name, bytes, version: peer.conditions.version },
    /** Seconds to the first token, for all tokens after it, for a batch as a whole, and to read as many bytes as the weights. */
    ...{ first: [], decode: [], batch: [], read: [], tokens: [] },
  }));
  for (let round = -1; round < rounds; round++) {
    const prompts = (round + 1) * (1 + batch);
    for (const [i, contender] of contenders.entries()) {
      const single = await contender.ask(prompts, 1);
      const run = runs[i];
      run.tokens = single.tokens;
      const read = contender.bytes ? await readOnce(reader, weights * contender.bytes) : undefined;
      const many = contender.batches && batch > 1 ? await contender.ask(prompts + 1, batch) : undefined;
      if (round < 0) continue;
      run.first.push(single.firstSeconds);
      run.decode.push(single.seconds - single.firstSeconds);
      if (read !== undefined) run.read.push(read);
      if (many) run.batch.push(many.seconds);
    }
    write(round < 0 ? 'warmed up' : `round ${round + 1} of ${rounds}`);
  }
  return runs;
}

/** The least of a few times: what the machine can do. */
async function readOnce(reader, bytes) {
  const seconds = [];
  for (let pass = 0; pass < 5; pass++) seconds.push((await reader.ask({ read: bytes })).seconds);
  return Math.min(...seconds);
}

/** @throws Failure where those with float32 weights do not write the same: times of different work must not be compared */
function requireSameTokens(runs) {
  const [ours, ...others] = runs.filter(({ name }) => name.endsWith('float32'));
  const other = others.find(({ tokens }) => String(tokens) !== String(ours.tokens));
  if (other) throw new Failure(`${other.name} and ${ours.name} give other tokens, so nothing is reported`);
}
