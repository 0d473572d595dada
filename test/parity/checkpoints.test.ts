import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GPT } from '../../lib/model/index.js';
import { noGrad } from '../../lib/tensor/index.js';
import { expectClose, OUTPUTS } from './compare.js';
import { device } from './device.js';
import { readTensors, type Stored } from './fixture.js';
import { read, toTensor } from './support.js';

/** Written by scripts/reference/checkpoints.py. */
const FOLDER = fileURLToPath(new URL('../fixtures/parity/checkpoints', import.meta.url));
const NAMES = [
  ...['gpt2_sharded', 'gpt2_sharded_bare_bfloat16', 'gpt2_bare', 'gpt2_bfloat16', 'gpt2_float16', 'gpt2_float64'],
  ...['gpt2_untied_inner_relu', 'gpt1_sharded_float16', 'gpt1_bare', 'gpt1_untied_relu'],
];

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'gptorch-checkpoints-'));
});
afterAll(() => rm(temporary, { recursive: true }));

function expected(name: string): { tokens: Stored; logits: Stored } {
  const tensors = readTensors(join(FOLDER, name, 'expected.safetensors'));
  const get = (key: string) => {
    const found = tensors.get(key);
    if (!found) throw new Error(`${name}: expected.safetensors lacks ${key}`);
    return found;
  };
  return { tokens: get('tokens'), logits: get('logits') };
}

async function expectLogits(directory: string, name: string): Promise<void> {
  const { tokens, logits } = expected(name);
  const model = await GPT.load(directory, { device });
  expectClose(name, await read(noGrad(() => model.forward(toTensor(tokens)))), logits, OUTPUTS);
  model.dispose();
}

describe('directories that transformers wrote', () => {
  it('are all tested', async () => {
    expect((await readdir(FOLDER)).sort()).toEqual([...NAMES].sort());
  });

  it.each(NAMES)('%s: equal logits, also when saved and opened again', async (name) => {
    await expectLogits(join(FOLDER, name), name);
    const model = await GPT.load(join(FOLDER, name), { device });
    const saved = join(temporary, name);
    await model.save(saved);
    model.dispose();
    expect((await readdir(saved)).sort()).toEqual(['config.json', 'model.safetensors']);
    await expectLogits(saved, name);
  });
});
