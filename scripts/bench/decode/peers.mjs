import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../bootstrap/failure.mjs';
import { findPython } from '../../python.mjs';
import { openMpSettings } from '../machine.mjs';
import { Peer } from '../peer.mjs';

const folderOf = fileURLToPath(new URL('../peers', import.meta.url));

/**
 * @param {string} folder the workload's
 * @returns {Promise<{ name: string, peer: Peer, conditions: object, ask(first: number, requests: number): Promise<object> }[]>}
 *   ours first
 */
export async function startDecodingPeers(folder, { threads, dtype, compile }) {
  const needed = ['torch', 'numpy', 'safetensors'];
  const python = findPython(needed);
  if (!python) {
    throw new Failure(`no python3 has ${needed.join(', ')}, with the torch that gptorch was built for`, {
      command: 'npm run reference',
    });
  }
  const env = { ...openMpSettings(threads), TORCHINDUCTOR_CACHE_DIR: join(folder, 'inductor') };
  const ours = new Peer('gptorch', [process.execPath, join(folderOf, 'gptorch_generate.mjs'), folder], env);
  const torch = (mode) => new Peer(`PyTorch ${mode}`, [python, join(folderOf, 'torch_decode.py'), folder, mode], env);
  const others = [torch('eager'), ...(compile ? [torch('compiled')] : [])];
  const all = [
    { peer: ours, ask: (first, requests) => ours.ask({ weights: dtype, first, requests }) },
    ...others.map((peer) => ({ peer, ask: (first, requests) => peer.ask({ first, requests }) })),
  ];
  return Promise.all(
    all.map(async (each) => ({ ...each, name: each.peer.name, conditions: await each.peer.answer() })),
  );
}
