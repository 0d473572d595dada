import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyOverrides, loadRunConfig, parseRunConfig, presetNames } from '../../../lib/config/index.js';
import { InputError } from '../../../lib/errors.js';

const smallest = { model: { layers: 1 }, train: { steps: 10, batchSize: 2, lr: 1e-3 } };

describe('parseRunConfig', () => {
  it('fills in the defaults', () => {
    const config = parseRunConfig(smallest, 'test');
    expect(config.tokenizer).toEqual({ type: 'char' });
    expect(config.data).toEqual({ format: 'text', validationFraction: 0.1 });
    expect(config.train).toMatchObject({
      accumulate: 1,
      schedule: 'cosine',
      betas: [0.9, 0.95],
      clip: 1,
      evalEvery: 250,
    });
  });

  it.each([
    ['an unknown part', { ...smallest, trian: {} }, 'test: unknown field "trian", did you mean "train"?'],
    [
      'an unknown field',
      { ...smallest, train: { ...smallest.train, warmup_steps: 1 } },
      'train: unknown field "warmup_steps", did you mean "warmupSteps"?',
    ],
    [
      'a negative learning rate',
      { ...smallest, train: { ...smallest.train, lr: -0.1 } },
      'field "train.lr" is -0.1; allowed: > 0',
    ],
    [
      'a schedule that does not exist',
      { ...smallest, train: { ...smallest.train, schedule: 'cos' } },
      'field "train.schedule" is "cos"; allowed: "constant", "linear", "cosine", "wsd"',
    ],
    [
      'minLr above lr',
      { ...smallest, train: { ...smallest.train, minLr: 1 } },
      'field "train.minLr" is 1; allowed: at most lr (0.001)',
    ],
    [
      'a warm-up longer than the run',
      { ...smallest, train: { ...smallest.train, warmupSteps: 10 } },
      'field "train.warmupSteps" is 10; allowed: < 10',
    ],
    [
      'a BPE of no size',
      { ...smallest, tokenizer: { type: 'bpe' } },
      'field "tokenizer.vocabSize" is missing; allowed: the number of entries',
    ],
    [
      'everything held out',
      { ...smallest, data: { validationFraction: 1 } },
      'field "data.validationFraction" is 1; allowed: < 1',
    ],
    [
      'speakers in running text',
      { ...smallest, data: { lossOn: 'answers' } },
      'field "data.lossOn" is "answers"; allowed: nothing where data.format is text',
    ],
    [
      'a layout that does not exist',
      { ...smallest, data: { format: 'dialogues', layout: 'csv' } },
      'field "data.layout" is "csv"; allowed: "lines", "tabs", "json", "jsonl"',
    ],
    [
      'rare characters left out where there is no <unk>',
      { ...smallest, tokenizer: { minimumCount: 2 } },
      'field "tokenizer.minimumCount" is 2; allowed: nothing but where tokenizer.type is char and data.format is dialogues',
    ],
    ['missing training', { model: {} }, 'field "train" is missing; allowed: an object'],
  ])('refuses %s', (_, value, message) => {
    expect(() => parseRunConfig(value, 'test')).toThrow(InputError);
    expect(() => parseRunConfig(value, 'test')).toThrow(message);
  });
});

describe('applyOverrides', () => {
  it('reads values as JSON, else as strings, and leaves the original alone', () => {
    const original = { train: { lr: 1, schedule: 'linear' } };
    const changed = applyOverrides(original, [
      'train.lr=1e-3',
      'train.schedule=cosine',
      'train.betas=[0.9,0.99]',
      'model.bias=false',
    ]);
    expect(changed).toEqual({ train: { lr: 1e-3, schedule: 'cosine', betas: [0.9, 0.99] }, model: { bias: false } });
    expect(original).toEqual({ train: { lr: 1, schedule: 'linear' } });
  });

  it('keeps what follows the first equals sign', () => {
    expect(applyOverrides({}, ['tokenizer.file=a=b.json'])).toEqual({ tokenizer: { file: 'a=b.json' } });
  });

  it.each([['train.lr'], ['=1'], ['train..lr=1'], ['__proto__.x=1'], ['train.lr.x=1']])('refuses %s', (assignment) => {
    expect(() => applyOverrides({ train: { lr: 1 } }, [assignment])).toThrow(InputError);
  });
});

describe('loadRunConfig', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gptorch-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('reads every preset', async () => {
    const names = await presetNames();
    expect(names).toEqual(
      expect.arrayContaining([
        'gpt1',
        'gpt2',
        'gpt2-xl',
        'shakespeare-char-cpu',
        'chat-zh',
        'chat-zh-lccc',
        'chat-zh-small',
      ]),
    );
    for (const name of names) await expect(loadRunConfig(name)).resolves.toHaveProperty('train.lr');
  });

  it("has nanoGPT's small CPU setting to the letter", async () => {
    expect(await loadRunConfig('shakespeare-char-cpu')).toMatchObject({
      model: { contextLength: 64, layers: 4, heads: 4, width: 128, bias: false, activation: 'gelu' },
      train: {
        steps: 2000,
        batchSize: 12,
        lr: 1e-3,
        minLr: 1e-4,
        warmupSteps: 100,
        betas: [0.9, 0.99],
        weightDecay: 0.1,
        clip: 1,
      },
    });
  });

  it('applies overrides before it checks', async () => {
    expect((await loadRunConfig('gpt2', ['train.steps=5', 'train.warmupSteps=0'])).train.steps).toBe(5);
    await expect(loadRunConfig('gpt2', ['train.lr=-1'])).rejects.toThrow(
      'configuration gpt2: field "train.lr" is -1; allowed: > 0',
    );
  });

  it('names the nearest preset', async () => {
    await expect(loadRunConfig('gtp2')).rejects.toThrow('unknown configuration "gtp2", did you mean "gpt2"?');
  });

  it('reads a file that begins with a byte order mark', async () => {
    await writeFile(join(folder, 'marked.json'), `\ufeff${JSON.stringify(smallest)}`);
    expect((await loadRunConfig(join(folder, 'marked.json'))).train.steps).toBe(10);
  });

  it('refuses a field that is there twice', async () => {
    await writeFile(join(folder, 'twice.json'), '{"train": {"steps": 1, "steps": 2}}');
    await expect(loadRunConfig(join(folder, 'twice.json'))).rejects.toThrow('twice.json: "steps" is there twice');
  });

  it('names the file that is missing or not JSON, in one line', async () => {
    await expect(loadRunConfig(join(folder, 'none.json'))).rejects.toThrow(
      /^configuration .*none\.json: cannot be read \(ENOENT\)$/,
    );
    await writeFile(join(folder, 'bad.json'), '{\n "model": \n');
    await expect(loadRunConfig(join(folder, 'bad.json'))).rejects.toThrow(
      /^configuration [^\n]*bad\.json: not JSON: [^\n]*$/,
    );
    await writeFile(join(folder, 'list.json'), '[]');
    await expect(loadRunConfig(join(folder, 'list.json'))).rejects.toThrow('expected an object');
  });
});
