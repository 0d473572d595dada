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

const actions = { load, read };
await (actions[process.argv[4]] ?? compare)();

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
    const cat = performance.now() - start;
    const read = child('read').took;
    const { took, before, peak } = child('load');
    ratios.push(took / read);
    const memory = `memory ${megabytes(before)} MB before, ${megabytes(peak)} MB at its peak`;
    console.log(`cat ${seconds(cat)}, read into memory ${seconds(read)}, load ${seconds(took)}, ${memory}`);
  }
  ratios.sort((a, b) => a - b);
  const [low, middle, high] = [0, (ratios.length - 1) / 2, ratios.length - 1].map((i) =>
    ratios[Math.floor(i)].toFixed(2),
  );
  console.log(`load / read into memory: median ${middle}, min ${low}, max ${high}`);
}

/** A process of its own, so that its memory is touched for the first time. */
function child(what) {
  const args = [fileURLToPath(import.meta.url), folder, '1', what];
  return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
}

function read() {
  const start = performance.now();
  readFileSync(file);
  console.log(JSON.stringify({ took: performance.now() - start }));
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
