import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../bootstrap/failure.mjs';
import { findPython } from '../../python.mjs';
import { openMpSettings } from '../machine.mjs';
import { Peer } from '../peer.mjs';

const folderOf = fileURLToPath(new URL('../peers', import.meta.url));

/**
 * Starts each peer alone and has it do one step, so that the time from its start to its first loss is its own.
 *
 * @param {string} workload the folder that `writeWorkload` filled
 */
export async function* startTrainingPeers(workload, threads, compile) {
  const needed = ['torch', 'numpy', 'safetensors'];
  const python = findPython(needed);
  if (!python) {
    throw new Failure(`no python3 has ${needed.join(', ')}, with the torch that gptorch was built for`, {
      command: 'npm run reference',
    });
  }
  const torch = (mode) => [python, join(folderOf, 'torch_train.py'), workload, mode];
  const commands = [
    ['gptorch', [process.execPath, join(folderOf, 'gptorch_train.mjs'), workload]],
    ['PyTorch eager', torch('eager')],
    ...(compile ? [['PyTorch compiled', torch('compiled')]] : []),
  ];
  // A fresh cache: a first step must not find what an earlier run compiled.
  const env = { ...openMpSettings(threads), TORCHINDUCTOR_CACHE_DIR: join(workload, 'inductor') };
  for (const [name, command] of commands) {
    const peer = new Peer(name, command, env);
    try {
      peer.conditions = await peer.answer();
      peer.losses = [...(await peer.ask({ steps: 1 })).losses];
    } catch (error) {
      await peer.end();
      throw error;
    }
    peer.firstStepSeconds = (performance.now() - peer.started) / 1000;
    yield peer;
  }
}
