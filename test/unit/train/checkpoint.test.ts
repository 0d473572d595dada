import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../../lib/errors.js';
import { saveSafetensors } from '../../../lib/io/index.js';
import { GPT } from '../../../lib/model/index.js';
import { AdamW } from '../../../lib/optim/index.js';
import { tensor } from '../../../lib/tensor/index.js';
import { loadCheckpoint, readCheckpointState, saveCheckpoint } from '../../../lib/train/index.js';
import { runFolder } from '../../../lib/train/run-folder.js';
import { checkIsSameRun, differences, type Environment, type SavedRun } from '../../../lib/train/saved-run.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-checkpoint-'));
  path = join(folder, 'checkpoint.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

function makeTrained(seed: number, width = 8) {
  const model = new GPT({ vocabSize: 7, contextLength: 4, layers: 1, heads: 1, width }, { seed });
  return { model, optimizer: new AdamW(model.namedParameters()) };
}

async function values({ model, optimizer }: ReturnType<typeof makeTrained>) {
  const tensors = [...model.namedParameters(), ...optimizer.namedState()];
  return Promise.all(tensors.map(async ([name, value]) => [name, await value.toArray()]));
}

describe('checkpoint', () => {
  it('holds model, moments and state in one file, exactly', async () => {
    const saved = makeTrained(1);
    const tokens = tensor([[1, 2, 3]], { dtype: 'int64' });
    saved.model.loss(tokens, tokens).backward();
    saved.optimizer.step();
    const state = { step: 1, nested: { list: [1, 0.1, 'é'] } };
    await saveCheckpoint(path, saved, state);
    expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);

    const loaded = makeTrained(2);
    await loadCheckpoint(path, loaded);
    expect(await values(loaded)).toEqual(await values(saved));
    expect(await readCheckpointState(path)).toEqual(state);
    expect(loaded.optimizer.steps).toBe(1); // of two updates the second corrects its moments otherwise than the first
  });

  it('is replaced as a whole', async () => {
    await saveCheckpoint(path, makeTrained(1), { step: 1 });
    await saveCheckpoint(path, makeTrained(1), { step: 2 });
    expect(await readCheckpointState(path)).toEqual({ step: 2 });
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('says what is wrong with a file that is none', async () => {
    await expect(readCheckpointState(path)).rejects.toThrow(InputError);
    await writeFile(path, 'nonsense');
    await expect(readCheckpointState(path)).rejects.toThrow(InputError);
    await saveSafetensors(path, [['a', tensor([1])]], { format: 'pt' });
    await expect(readCheckpointState(path)).rejects.toThrow(`${path}: not a gptorch checkpoint`);
    await saveSafetensors(path, [['a', tensor([1])]], { format: 'gptorch-checkpoint', version: '9', state: '{}' });
    await expect(readCheckpointState(path)).rejects.toThrow('checkpoint version 9; this gptorch reads version 1');
  });

  it('notices a flipped bit: of the state before anything is loaded, of a tensor with its name', async () => {
    await saveCheckpoint(path, makeTrained(1), { step: 100 });
    const bytes = await readFile(path);
    const flipped = (at: number) => Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    await writeFile(path, flipped(bytes.indexOf('100')));
    await expect(readCheckpointState(path)).rejects.toThrow(`${path}: the header is damaged`);
    await writeFile(path, flipped(bytes.length - 1));
    expect(await readCheckpointState(path)).toEqual({ step: 100 });
    await expect(loadCheckpoint(path, makeTrained(1))).rejects.toThrow(/tensor optimizer\..* is damaged/);
  });

  it('refuses another model, and a file that was cut short', async () => {
    await saveCheckpoint(path, makeTrained(1), {});
    await expect(loadCheckpoint(path, makeTrained(1, 16))).rejects.toThrow(InputError);
    await truncate(path, (await readFile(path)).length - 1);
    await expect(loadCheckpoint(path, makeTrained(1))).rejects.toThrow(InputError);
  });
});

describe('a saved run', () => {
  const here: Environment = {
    torch: '2.13.0',
    threads: 2,
    processes: 1,
    device: 'cpu',
    dtype: 'float32',
    capability: 'AVX2',
  };
  const config = { model: { layers: 1 }, tokenizer: { type: 'char' }, data: { format: 'text' }, train: { lr: 1 } };
  const saved = { config, data: ['/a.txt'] } as unknown as SavedRun;
  const check =
    (change: object, data = ['/a.txt']) =>
    () =>
      checkIsSameRun(runFolder('out'), saved, { ...config, ...change } as unknown as SavedRun['config'], data);

  it('names what keeps a resumed run from repeating to the last bit', () => {
    expect(differences(here, { ...here })).toEqual([]);
    expect(differences(here, { ...here, threads: 4, torch: '2.12.0' })).toEqual([
      'torch 2.13.0 → 2.12.0',
      'threads 2 → 4',
    ]);
    const { processes: _, ...older } = here;
    expect(differences(older as Environment, { ...here, processes: 2 })).toEqual(['processes 1 → 2']);
  });

  it('may be trained in another way, but not be another run', () => {
    expect(check({ train: { lr: 2 } })).not.toThrow();
    expect(check({ model: { layers: 2 } })).toThrow(
      'out: cannot resume with another model: it was {"layers":1}, now it is {"layers":2}',
    );
    expect(check({ data: { format: 'dialogues' } })).toThrow('another data:');
    expect(check({}, ['/b.txt'])).toThrow('another data file: it was ["/a.txt"], now it is ["/b.txt"]');
  });
});
