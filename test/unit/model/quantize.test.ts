import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dequantizeInt8,
  GPT,
  type GPTConfigInput,
  InputError,
  quantize,
  quantizeInt8,
  readSafetensorsHeader,
  type Tensor,
  tensor,
  zeros,
} from '../../../lib/index.js';
import { channelDimensionOf } from '../../../lib/model/parameter-shapes.js';

const gpt2: GPTConfigInput = { vocabSize: 70, contextLength: 16, layers: 2, heads: 2, width: 24 };
const chat: GPTConfigInput = {
  ...{ ...gpt2, headWidth: 8, feedForwardWidth: 40, normPosition: 'post', activation: 'relu' },
  ...{ bias: false, tiedEmbedding: false },
};

let folder: string;
const path = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-quantize-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function save(config: GPTConfigInput): Promise<void> {
  const model = new GPT(config, { seed: 5 });
  await model.save(path('source'));
  model.dispose();
}

async function values(directory: string): Promise<Map<string, number[]>> {
  const model = await GPT.load(path(directory));
  const read = model.namedParameters().map(async ([name, parameter]): Promise<[string, number[]]> => {
    return [name, Array.from(await parameter.toArray(), Number)];
  });
  const found = new Map(await Promise.all(read));
  model.dispose();
  return found;
}

const numbers = async (of: Tensor) => Array.from(await of.toArray(), Number);

describe.each([
  ['GPT-2’s form', gpt2],
  ['the chat form', chat],
])('of %s', (_name, config) => {
  test('int8 keeps each weight to half a step of its channel', async () => {
    await save(config);
    const { bytes, parameters } = await quantize(path('source'), path('int8'), 'int8');
    expect(bytes.before).toBe(4 * parameters);
    const { tensors } = await readSafetensorsHeader(path('int8/model.safetensors'));
    const before = await values('source');
    const after = await values('int8');
    for (const [name, exact] of before) {
      const dimension = channelDimensionOf(name);
      expect(tensors.get(name)?.dtype).toBe(dimension === undefined ? 'float32' : 'int8');
      if (dimension === undefined) {
        expect(after.get(name)).toEqual(exact);
        continue;
      }
      const columns = tensors.get(name)?.shape[1] ?? 0;
      const channelOf = (i: number) => (dimension === 0 ? Math.floor(i / columns) : i % columns);
      const largest = new Map<number, number>();
      for (const [i, value] of exact.entries()) {
        largest.set(channelOf(i), Math.max(largest.get(channelOf(i)) ?? 0, Math.abs(value)));
      }
      for (const [i, value] of exact.entries()) {
        const step = (largest.get(channelOf(i)) ?? 0) / 127;
        expect(Math.abs((after.get(name)?.[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(step * 0.502);
      }
    }
  });

  test('int8 of int8 is the same to the bit', async () => {
    await save(config);
    await quantize(path('source'), path('int8'), 'int8');
    const opened = await GPT.load(path('int8'));
    await opened.save(path('float32'));
    opened.dispose();
    await quantize(path('float32'), path('again'), 'int8');
    expect(await readFile(path('again/model.safetensors'))).toEqual(await readFile(path('int8/model.safetensors')));
  });

  test('bfloat16 is rounded to nearest, every tensor', async () => {
    await save(config);
    const { bytes } = await quantize(path('source'), path('bfloat16'), 'bfloat16');
    expect(bytes.after).toBe(bytes.before / 2);
    const { tensors } = await readSafetensorsHeader(path('bfloat16/model.safetensors'));
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['bfloat16']));
    const after = await values('bfloat16');
    for (const [name, exact] of await values('source')) {
      const rounded = exact.map((value) => {
        const [bits] = new Uint32Array(Float32Array.of(value).buffer);
        if (bits === undefined) throw new Error('no value');
        const even = (bits >>> 16) & 1;
        return Number(new Float32Array(Uint32Array.of(((bits + 0x7fff + even) & 0xffff0000) >>> 0).buffer)[0]);
      });
      expect(after.get(name)).toEqual(rounded);
    }
  });
});

test('a quantised model generates with its own weights', async () => {
  await save(gpt2);
  const prompt = [1, 2, 3, 60];
  const options = { maxNewTokens: 8, temperature: 0, logProbs: true };
  for (const weights of ['bfloat16', 'int8'] as const) {
    await quantize(path('source'), path(weights), weights);
    const stored = await GPT.load(path(weights));
    const asked = await GPT.load(path(weights), { decoder: { weights } });
    expect(await stored.complete(prompt, options)).toEqual(await asked.complete(prompt, options));
    const exact = await GPT.load(path(weights), { decoder: { weights: 'float32' } });
    const [one, two] = [await stored.complete(prompt, options), await exact.complete(prompt, options)];
    expect(one.tokens).toEqual(two.tokens);
    for (const [i, logProb] of (one.logProbs ?? []).entries()) expect(logProb).toBeCloseTo(two.logProbs?.[i] ?? 0, 4);
    // Rounded otherwise: it was computed by the integers. bfloat16 is packed without loss, and its sums are the same.
    expect(String(one.logProbs) === String(two.logProbs)).toBe(weights === 'bfloat16');
    for (const model of [stored, asked, exact]) model.dispose();
  }
});

test('the tokenizer comes along', async () => {
  await save(gpt2);
  await writeFile(path('source/tokenizer.json'), '{"any": 1}');
  await quantize(path('source'), path('int8'), 'int8');
  expect(await readFile(path('int8/tokenizer.json'), 'utf8')).toBe('{"any": 1}');
});

describe('is refused', () => {
  test('of a task’s model, of int8, and into a model', async () => {
    await save(gpt2);
    await quantize(path('source'), path('int8'), 'int8');
    await expect(quantize(path('int8'), path('again'), 'int8')).rejects.toThrow(/int8.config.json: .* int8 already/);
    await expect(quantize(path('source'), path('int8'), 'int8')).rejects.toThrow(/already holds a model/);
    const config = JSON.parse(await readFile(path('source/config.json'), 'utf8'));
    await writeFile(path('source/config.json'), JSON.stringify({ ...config, task: { task: 'classification' } }));
    await expect(quantize(path('source'), path('again'), 'int8')).rejects.toThrow(InputError);
    await expect(quantize(path('source'), path('again'), 'int8')).rejects.toThrow(/task's head/);
  });

  test('what another program quantised, when it is opened', async () => {
    await save(gpt2);
    const config = JSON.parse(await readFile(path('source/config.json'), 'utf8'));
    const quantization_config = { quant_method: 'gptq', bits: 4 };
    await writeFile(path('source/config.json'), JSON.stringify({ ...config, quantization_config }));
    await expect(GPT.load(path('source'))).rejects.toThrow(/config.json: field "quantization_config"/);
  });

  test('a weight that is not finite', async () => {
    const { integers } = quantizeInt8(tensor([[1, Number.NaN]]), 0);
    await expect(integers.toArray()).rejects.toThrow(/finite/);
  });

  test('what does not fit', () => {
    const { integers, scales } = quantizeInt8(zeros([2, 3]), 1);
    expect(() => dequantizeInt8(zeros([3, 2]), { integers, scales }, 1)).toThrow(/do not fit/);
    expect(() => dequantizeInt8(zeros([2, 3]), { integers, scales }, 0)).toThrow(/do not fit/);
    expect(() => quantizeInt8(zeros([3]), 0)).toThrow(/matrix of float32/);
  });
});

test('scales keep 16 bits, so that integer · scale is exact', async () => {
  const weight = tensor([
    [0.1, -12.7, 0],
    [0.3, 1, 0],
  ]);
  const { integers, scales } = quantizeInt8(weight, 1);
  expect(await numbers(integers)).toEqual([42, -127, 0, 127, 10, 0]);
  const [first, second, none] = await numbers(scales);
  expect(first).toBeCloseTo(0.3 / 127, 7);
  expect(second).toBeCloseTo(0.1, 5);
  expect(none).toBe(1);
  const restored = zeros([2, 3]);
  dequantizeInt8(restored, { integers, scales }, 1);
  const again = quantizeInt8(restored, 1);
  expect(await numbers(again.integers)).toEqual(await numbers(integers));
  expect(await numbers(again.scales)).toEqual(await numbers(scales));
});
