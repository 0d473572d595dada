import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../bootstrap/run.mjs';
import { write } from '../../bootstrap/step.mjs';
import { openMpSettings } from '../machine.mjs';
import { Peer } from '../peer.mjs';
import { packages, pythonPackages, pythonWithTransformers } from './fetch.mjs';

const peerFile = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/**
 * A process, and what it is asked: to continue prompts from `first` on, one or, where it can compute several together, a
 * batch. An answer is
 * `{ firstSeconds, seconds, tokens }`: until the first token, until the last of all, and the first request's tokens.
 *
 * @typedef {{ name: string, bytes?: number, peer: Peer, ask(first: number, requests: number): Promise<object>, batches: boolean }} Contender
 */

/**
 * Starts all that are there; those of npm only where `--fetch` has brought them.
 *
 * @param {string} folder the workload's
 * @returns {Promise<Contender[]>} ours first
 */
export async function startContenders(folder, { threads, peers }) {
  const env = openMpSettings(threads);
  const ours = new Peer('gptorch', [process.execPath, peerFile('gptorch_generate.mjs'), folder], env);
  const contenders = [
    variant(ours, 'float32', 4),
    variant(ours, 'bfloat16', 2),
    variant(ours, 'int8', 1),
    ...(peers ? await startPeers(folder, env) : []),
  ];
  for (const peer of new Set(contenders.map((contender) => contender.peer))) peer.conditions = await peer.answer();
  return contenders;
}

/** What reads memory as fast as it comes, compiled for this machine; see peers/read.cc. */
export async function startReader(folder, threads) {
  const program = join(folder, 'read');
  const flags = ['-O3', '-march=native', '-std=c++20', '-pthread'];
  await run('bench-read', 'c++', [...flags, peerFile('read.cc'), '-o', program]);
  const peer = new Peer('read', [program, String(threads)], {});
  await peer.answer();
  return peer;
}

async function startPeers(folder, env) {
  const python = pythonWithTransformers();
  const theirs = new Peer('transformers', [python, peerFile('transformers_generate.py'), folder], env);
  const found = [variant(theirs, 'float32'), variant(theirs, 'bfloat16')];
  if (!existsSync(pythonPackages)) {
    write('without onnxruntime-node and node-llama-cpp, which --fetch installs');
    return found;
  }
  const paths = { ...process.env, PYTHONPATH: pythonPackages };
  for (const [name, model, program] of [
    ['onnxruntime-node int8', 'write_onnx.py', 'onnx_generate.mjs'],
    ['node-llama-cpp q8_0', 'write_gguf.py', 'llama_generate.mjs'],
  ]) {
    write(`${name}: writing its weights`);
    await run(`bench-${model}`, python, [peerFile(model), folder], { env: paths });
    const peer = new Peer(name, [process.execPath, peerFile(program), folder, join(packages)], env);
    found.push({ name, peer, ask: (first) => peer.ask({ first }), batches: false });
  }
  return found;
}

function variant(peer, weights, bytes) {
  const ask = (first, requests) => peer.ask({ weights, first, requests });
  return { name: `${peer.name} ${weights}`, bytes, peer, ask, batches: true };
}
