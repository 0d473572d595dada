// How long opening a model of GPT-2's size takes, beside reading its file, and how much memory.
//   node scripts/bench/load-model.mjs [folder] [rounds]
// A random model (124 million parameters, 498 MB) is saved to `folder` first if it is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [folder = join(tmpdir(), 'gptorch-gpt2-random'), rounds = '5'] = process.argv.slice(2);
const library = new URL('../../dist/index.js', import.meta.url).href;
const file = join(folder, 'model.safetensors');
const megabytes = (bytes) => Math.round(bytes / 1e6);

if (process.argv[4] === 'load') load();
else compare();

async function compare() {
  const { GPT } = await import(library);
  if (!existsSync(file)) {
    const model = new GPT({ vocabSize: 50257, contextLength: 1024, layers: 12, heads: 12, width: 768 });
    await model.namedParameters()[0][1].narrow(0, 0, 1).sum().item();
    const start = performance.now();
    await model.save(folder);
    console.log(`saved in ${seconds(performance.now() - start)}`);
  }
  const { size } = statSync(file);
  console.log(`${file}: ${megabytes(size)} MB`);
  const ratios = [];
  for (let round = 0; round < Number(rounds); round++) {
    const start = performance.now();
    spawnSync('sh', ['-c', 'cat "$0" > /dev/null', file]);
    const read = performance.now() - start;
    const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), folder, '1', 'load'], {
      encoding: 'utf8',
    });
    const { took, before, peak } = JSON.parse(child.stdout);
    ratios.push(took / read);
    const memory = `memory ${megabytes(before)} MB before, ${megabytes(peak)} MB at its peak`;
    console.log(`cat ${seconds(read)}, load ${seconds(took)} (${gigabytes(size, took)}), ${memory}`);
  }
  ratios.sort((a, b) => a - b);
  console.log(`load / cat: median ${ratios[Math.floor(ratios.length / 2)].toFixed(2)}, min ${ratios[0].toFixed(2)}`);
}

async function load() {
  const { GPT } = await import(library);
  // The engine is up; what follows is the model's.
  new GPT({ vocabSize: 2, contextLength: 2, layers: 1, heads: 1, width: 2 }).dispose();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  await GPT.load(folder);
  const took = performance.now() - start;
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  console.log(JSON.stringify({ took, before, peak }));
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function gigabytes(bytes, milliseconds) {
  return `${(bytes / 1e6 / milliseconds).toFixed(2)} GB/s`;
}
