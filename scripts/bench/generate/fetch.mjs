import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../bootstrap/failure.mjs';
import { buildFolder } from '../../bootstrap/paths.mjs';
import { run } from '../../bootstrap/run.mjs';
import { write } from '../../bootstrap/step.mjs';
import { findPython } from '../../python.mjs';

/** Where peers that are no dependency of ours are installed when asked for. */
export const packages = join(buildFolder, 'bench-peers');
/** Python packages that write the peers' weights. */
export const pythonPackages = join(packages, 'python');

/** `bench -- generate --fetch`: installs onnxruntime-node, node-llama-cpp and what writes their weights, once. */
export async function fetchPeers() {
  if (existsSync(pythonPackages)) return;
  await mkdir(packages, { recursive: true });
  await writeFile(join(packages, 'package.json'), '{ "private": true }\n');
  const npm = ['install', '--prefix', packages, '--ignore-scripts', '--no-audit', '--no-fund'];
  const env = { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' };
  write('fetching onnxruntime-node and node-llama-cpp');
  await run('bench-peers-npm', 'npm', [...npm, 'onnxruntime-node', 'node-llama-cpp'], { env });
  // Without what they need of torch and numpy, which are there.
  const pip = ['-m', 'pip', 'install', '--no-deps', '--target', pythonPackages];
  const wanted = ['onnx', 'onnxruntime', 'gguf', 'protobuf', 'ml_dtypes', 'flatbuffers'];
  await run('bench-peers-pip', pythonWithTransformers(), [...pip, ...wanted]);
}

export function pythonWithTransformers() {
  const needed = ['torch', 'transformers', 'numpy', 'safetensors'];
  const python = findPython(needed);
  if (python) return python;
  throw new Failure(`no python3 has ${needed.join(', ')}, with the torch that gptorch was built for`, {
    command: 'npm run reference',
  });
}
