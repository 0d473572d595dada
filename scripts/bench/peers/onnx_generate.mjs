// onnxruntime-node's turn at generating, from FOLDER/int8.onnx (see write_onnx.py). scripts/bench/peer.mjs has the protocol.
//
//     node onnx_generate.mjs FOLDER PACKAGES
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder, packages] = process.argv.slice(2);
const ort = createRequire(join(packages, 'any.js'))('onnxruntime-node');
const { prompts, newTokens, threads } = JSON.parse(await readFile(join(folder, 'workload.json'), 'utf8'));
const {
  n_layer: layers,
  n_head: heads,
  n_embd: width,
} = JSON.parse(await readFile(join(folder, 'model', 'config.json'), 'utf8'));
const session = await ort.InferenceSession.create(join(folder, 'int8.onnx'), {
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
});
const slots = Array.from({ length: layers }, (_, layer) => [`${layer}.k`, `${layer}.v`]).flat();

say({ version: ort.env.versions?.node ?? 'unknown', threads });
for await (const line of createInterface({ input: process.stdin }))
  say(await generate(prompts[JSON.parse(line).first]));

async function generate(prompt) {
  const empty = () => new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, width / heads]);
  let past = Object.fromEntries(slots.map((slot) => [`past.${slot}`, empty()]));
  let input = prompt;
  const tokens = [];
  const started = performance.now();
  let first;
  while (tokens.length < newTokens) {
    const ids = new ort.Tensor('int64', BigInt64Array.from(input, BigInt), [1, input.length]);
    const output = await session.run({ input_ids: ids, ...past });
    const logits = output.logits.data;
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    first ??= performance.now();
    tokens.push(best);
    input = [best];
    past = Object.fromEntries(slots.map((slot) => [`past.${slot}`, output[`present.${slot}`]]));
  }
  return { firstSeconds: (first - started) / 1000, seconds: (performance.now() - started) / 1000, tokens };
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
