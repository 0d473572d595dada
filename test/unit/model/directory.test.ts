import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  engine,
  GPT,
  type GPTConfigInput,
  InputError,
  loadSafetensors,
  saveSafetensors,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { parameterShapes } from '../../../lib/model/parameter-shapes.js';

const small: GPTConfigInput = { vocabSize: 7, contextLength: 4, layers: 2, heads: 2, width: 8 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-directory-'));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  [small],
  [{ ...small, tiedEmbedding: false, feedForwardWidth: 5, activation: 'relu' }],
  [{ ...small, normPosition: 'post' }],
  [{ ...small, normPosition: 'post', bias: false, headWidth: 3, tiedEmbedding: false }],
] as GPTConfigInput[][])('the shapes known beforehand are the parameters’: %j', (config) => {
  const model = new GPT(config as GPTConfigInput);
  expect(new Map(parameterShapes(model.config))).toEqual(
    new Map(model.namedParameters().map(([name, { shape }]) => [name, [...shape]])),
  );
  model.dispose();
});

/** A saved model whose weights hold further tensors, or other ones. */
async function saveWith(change: Record<string, Tensor | undefined>): Promise<void> {
  const model = new GPT(small);
  await model.save(folder);
  const tensors = { ...Object.fromEntries(model.namedParameters()), ...change };
  const named = Object.entries(tensors).filter((each): each is [string, Tensor] => each[1] !== undefined);
  await saveSafetensors(join(folder, 'model.safetensors'), named);
  model.dispose();
}

describe('weights', () => {
  test('of a task’s head are left alone, and so is what older transformers stored', async () => {
    const mask = zeros([1, 1, 4, 4], { dtype: 'uint8' });
    await saveWith({ 'head.weight': zeros([3, 8]), 'head.bias': zeros([3]), 'transformer.h.0.attn.bias': mask });
    (await GPT.load(folder)).dispose();
    const embedding = new GPT(small).embedding.parameter('wte.weight');
    await saveWith({ 'lm_head.weight': embedding, 'transformer.h.1.attn.masked_bias': zeros([]) });
    (await GPT.load(folder)).dispose();
  });

  test.each(['gpt2', 'openai-gpt', 'gptorch'])(
    'of an output that is tied and yet another are refused: %s',
    async (type) => {
      const norms = { gpt2: {}, 'openai-gpt': { normPosition: 'post' }, gptorch: { bias: false } } as const;
      const model = new GPT({ ...small, ...norms[type as keyof typeof norms] });
      await model.save(folder);
      const path = join(folder, 'model.safetensors');
      const [[, embedding] = []] = model.namedParameters();
      for (const output of [zeros([7, 8]), embedding?.to({ dtype: 'bfloat16' })]) {
        if (output === undefined) throw new Error('the model has no parameters');
        await saveSafetensors(path, [...model.namedParameters(), ['lm_head.weight', output]]);
        const says = /model.safetensors: tensor lm_head.weight is not the token embedding, but .*config.json ties them/;
        await expect(GPT.load(folder)).rejects.toThrow(says);
        await expect(GPT.load(folder)).rejects.toThrow(InputError);
        output.dispose();
      }
      await saveSafetensors(path, [...model.namedParameters(), ['lm_head.weight', zeros([8, 8])]]);
      await expect(GPT.load(folder)).rejects.toThrow(/tensor lm_head.weight is \[8,8\], the model's is \[7,8\]/);
      model.dispose();
    },
  );

  test.each([
    ['further tensors', { 'score.weight': zeros([2, 8]) }, /model.safetensors: tensor score.weight has no place/],
    ['further blocks', { 'transformer.h.2.ln_1.bias': zeros([8]) }, /tensor transformer.h.2.ln_1.bias has no place/],
    ['a missing tensor', { 'transformer.ln_f.bias': undefined }, /tensor transformer.ln_f.bias is missing/],
    [
      'another shape',
      { 'transformer.wpe.weight': zeros([5, 8]) },
      /tensor transformer.wpe.weight is \[5,8\].* \[4,8\]/,
    ],
    ['whole numbers', { 'transformer.wpe.weight': zeros([4, 8], { dtype: 'int32' }) }, /wpe.weight is int32/],
  ])('with %s are refused, naming the tensor', async (_name, change, message) => {
    await saveWith(change);
    await expect(GPT.load(folder)).rejects.toThrow(InputError);
    await expect(GPT.load(folder)).rejects.toThrow(message);
  });

  test('as a pickle alone are never opened', async () => {
    await saveWith({});
    await rename(join(folder, 'model.safetensors'), join(folder, 'pytorch_model.bin'));
    await expect(GPT.load(folder)).rejects.toThrow(/pytorch_model.bin alone, a pickle.*save_pretrained/);
  });

  test('left behind half-written are not taken for the weights', async () => {
    await saveWith({});
    const temporary = 'model.safetensors.host.1.0badcafe.tmp';
    await rename(join(folder, 'model.safetensors'), join(folder, temporary));
    await expect(GPT.load(folder)).rejects.toThrow(/no model directory, model.safetensors is missing/);
  });
});

describe('a config.json that does not fit the weights costs neither time nor memory', () => {
  test.each([
    { n_layer: 1e15 },
    { vocab_size: 1e15 },
    { n_positions: 1e12 },
    { n_inner: 1e15 },
    { n_embd: 2 ** 40, n_head: 2 ** 20 },
  ])('%j', async (change) => {
    await saveWith({});
    const path = join(folder, 'config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
    const before = engine.memory().allocated;
    await expect(GPT.load(folder)).rejects.toThrow(InputError);
    await engine.idle();
    // Less where the garbage collector has come by meanwhile.
    expect(engine.memory().allocated).toBeLessThanOrEqual(before);
  });

  test.each([
    ['not JSON', '{', /config.json: not JSON/],
    ['with a field twice', '{"model_type":"gpt2","n_embd":8,"n_embd":16}', /config.json: "n_embd" is there twice/],
    ['nested without end', `{"n_embd":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, /config.json: nested deeper/],
    ['without fields', 'null', /config.json/],
  ])('%s', async (_name, text, message) => {
    await writeFile(join(folder, 'config.json'), text);
    await expect(GPT.load(folder)).rejects.toThrow(InputError);
    await expect(GPT.load(folder)).rejects.toThrow(message);
  });
});

test('a model that is not initialized draws nothing and is filled by loading', async () => {
  const saved = new GPT(small, { seed: 3 });
  await saved.save(folder);
  const model = new GPT(small, { initialize: false });
  await loadSafetensors(join(folder, 'model.safetensors'), model.namedParameters());
  for (const [i, [name, parameter]] of model.namedParameters().entries()) {
    expect(await parameter.toArray(), name).toEqual(await saved.namedParameters()[i]?.[1].toArray());
  }
});

test('loading changes values in place: a graph made before refuses to go backward', async () => {
  const model = new GPT(small);
  await model.save(folder);
  const tokens = tensor([[1, 2, 3]], { dtype: 'int64' });
  const loss = model.loss(tokens, tokens);
  await loadSafetensors(join(folder, 'model.safetensors'), model.namedParameters());
  loss.backward();
  await expect(model.outputWeight.grad().toArray()).rejects.toThrow(/modified by an inplace operation/);
  await engine.idle().catch(() => undefined);
});

describe('the tokens that begin and end a text', () => {
  const ends = { bosTokenId: 5, eosTokenId: [5, 6] };
  /** What `config.json` says after the model was saved, loaded and saved again. */
  const saved = async (config: GPTConfigInput) => {
    const model = new GPT(config);
    await model.save(folder);
    model.dispose();
    const loaded = await GPT.load(folder);
    await loaded.save(folder);
    loaded.dispose();
    return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  };

  test.each(['pre', 'post'] as const)('are in config.json where they are given: %s-norm', async (normPosition) => {
    const written = { bos_token_id: 5, eos_token_id: [5, 6] };
    expect(await saved({ ...small, ...ends, normPosition })).toMatchObject(written);
    expect(Object.keys(await saved({ ...small, normPosition })).filter((key) => key in written)).toEqual([]);
  });

  test('are kept in a model of our own type too', async () => {
    expect(await saved({ ...small, ...ends, bias: false })).toMatchObject(ends);
  });
});

test('a byte order mark before config.json is no mistake', async () => {
  const model = new GPT(small);
  await model.save(folder);
  model.dispose();
  const path = join(folder, 'config.json');
  await writeFile(path, `\uFEFF${await readFile(path, 'utf8')}`);
  (await GPT.load(folder)).dispose();
});
