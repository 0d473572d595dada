import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CharTokenizer, GPT } from '../../lib/index.js';
import { gptorch, jsonLines, makeWorkspace } from './cli.js';

let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
let path: (name: string) => string;

beforeAll(async () => {
  workspace = await makeWorkspace();
  path = workspace.path;
  const files = ['--config', path('tiny.json'), '--data', path('text.txt'), '--out', path('lm')];
  await jsonLines(['pretrain', ...files, '--json', '--quiet']);
});
afterAll(() => workspace.remove());

describe('gptorch generate', () => {
  const generate = (...args: string[]) => jsonLines(['generate', '--model', path('lm'), '--json', ...args]);

  it('has no text for ids that only the model has, whose vocabulary may be padded', async () => {
    const tokenizer = CharTokenizer.fromTexts(['abc']);
    const shape = { contextLength: 64, layers: 1, heads: 1, width: 8 };
    const model = new GPT({ vocabSize: 64, ...shape });
    await model.save(path('padded'));
    await tokenizer.save(path('padded'));
    model.dispose();
    const args = ['generate', '--model', path('padded'), '--prompt', 'a', '--max-new-tokens', '60', '--seed', '1'];
    const [result] = (await jsonLines([...args, '--json'])) as { text: string; tokens: number[] }[];
    const known = (result?.tokens ?? []).filter((id) => id < 3);
    expect({ length: result?.tokens.length, text: result?.text }).toEqual({
      length: 60,
      text: tokenizer.decode(known),
    });
    expect(await gptorch(args)).toMatchObject({ code: 0, stdout: `${result?.text}\n` });
    expect(await gptorch([...args, '--n', '2'])).toMatchObject({ code: 0 });
  });

  it('continues greedily without the prompt, text and tokens in agreement', async () => {
    const [result] = await generate('--prompt', 'the sea ', '--temperature', '0', '--max-new-tokens', '12');
    expect(result).toMatchObject({ finishReason: 'length' });
    expect(result?.tokens).toHaveLength(12);
    const [again] = await generate('--prompt', 'the sea ', '--temperature', '0', '--max-new-tokens', '12');
    expect(again).toEqual(result);
    const plain = await gptorch([
      'generate',
      '--model',
      path('lm'),
      '--prompt',
      'the sea ',
      '--temperature',
      '0',
      '--max-new-tokens',
      '12',
    ]);
    expect(plain.stdout).toBe(`${result?.text}\n`);
  });

  it('draws the same with the same seed, and differently with another', async () => {
    const draw = (seed: string) => generate('--prompt', 'we ', '--seed', seed, '--max-new-tokens', '20');
    const [a, b, c] = await Promise.all(['1', '1', '2'].map(draw));
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  it('gives several continuations, the first as if alone, with log-probabilities', async () => {
    const options = ['--prompt', 'we ', '--seed', '3', '--max-new-tokens', '6', '--log-probs'];
    const [[alone], [several]] = await Promise.all([generate(...options), generate(...options, '--n', '3')]);
    const completions = several?.completions as { text: string; tokens: number[]; logProbs: number[] }[];
    expect(completions).toHaveLength(3);
    expect(completions[0]).toEqual(alone);
    for (const { text, logProbs } of completions) {
      expect(text).toHaveLength(6);
      expect(logProbs).toHaveLength(6);
    }
    const plain = ['--prompt', 'we ', '--seed', '3', '--max-new-tokens', '6', '--n', '3'];
    const { stdout } = await gptorch(['generate', '--model', path('lm'), ...plain]);
    expect(stdout).toBe(completions.map(({ text }) => `${text}\n`).join(''));
  });

  it('goes on past the context where it may slide, with smaller weights', async () => {
    const options = ['--prompt', 'the sea ', '--temperature', '0', '--max-new-tokens', '100'];
    const [stopped] = await generate(...options, '--weights', 'int8');
    expect(stopped).toMatchObject({ finishReason: 'length' });
    expect(stopped?.tokens).not.toHaveLength(100);
    const [slid] = await generate(...options, '--weights', 'int8', '--when-full', 'slide');
    expect(slid?.tokens).toHaveLength(100);
  });

  it('takes token ids, and ends before a stop token', async () => {
    const [free] = await generate('--prompt-tokens', '1,2', '--temperature', '0', '--max-new-tokens', '8');
    const tokens = free?.tokens as number[];
    const [stopped] = await generate(
      '--prompt-tokens',
      '1,2',
      '--temperature',
      '0',
      '--max-new-tokens',
      '8',
      '--stop-tokens',
      String(tokens[3]),
    );
    expect(stopped).toMatchObject({
      finishReason: 'stop',
      tokens: tokens.slice(0, tokens.indexOf(tokens[3] as number)),
    });
  });
});

describe('gptorch score', () => {
  it('gives a log probability for each token after the first, and totals', async () => {
    const input = '{"text":"the sea"}\n\n{"tokens":[1]}\n{"tokens":[1,2,3]}\n';
    const [text, one, three, summary] = await jsonLines(
      ['score', '--model', path('lm'), '--input', '-', '--json'],
      input,
    );
    expect(text?.logProbs).toHaveLength(6);
    const logProbs = (line: Record<string, unknown> | undefined) => (line?.logProbs ?? []) as number[];
    expect(logProbs(text).every((value) => value < 0)).toBe(true);
    expect(one).toEqual({ tokens: [1], logProbs: [], loss: null });
    expect(three?.loss).toBeCloseTo(-logProbs(three).reduce((a, b) => a + b) / 2, 6);
    expect(summary).toMatchObject({ sequences: 3, tokens: 11 });
  });

  it('finds text of the training kind likelier than noise', async () => {
    const [sea, noise] = await jsonLines(
      ['score', '--model', path('lm'), '--input', '-'],
      '{"text":"the sea is"}\n{"text":"xxesa  i.h"}\n'.replace('xx', 'tt'),
    );
    expect(sea?.loss).toBeLessThan(noise?.loss as number);
  });
});

describe('--dtype bfloat16', () => {
  it('generates with bfloat16 weights, unless --weights names others', async () => {
    const generate = (...more: string[]) =>
      jsonLines(['generate', '--model', path('lm'), '--json', '--prompt', 'we ', '--temperature', '0', '--log-probs', ...more]); // biome-ignore format: one call
    const [[float32], [asked], [weights], [own]] = await Promise.all([
      generate(),
      generate('--dtype', 'bfloat16'),
      generate('--weights', 'bfloat16'),
      generate('--dtype', 'bfloat16', '--weights', 'float32'),
    ]);
    expect(asked).toEqual(weights);
    expect(asked?.logProbs).not.toEqual(float32?.logProbs);
    expect(own).toEqual(float32);
  });

  it.each([
    ['score', ['--input', '-', '--json'], '{"text":"the sea is old"}'],
    ['evaluate', ['--data', 'text.txt', '--json'], ''],
  ])('changes what %s gives, by little', async (command, options, input) => {
    const args = [command, '--model', path('lm'), ...options.map((each) => (each === 'text.txt' ? path(each) : each))];
    const [float32, asked] = await Promise.all([
      jsonLines(args, input),
      jsonLines([...args, '--dtype', 'bfloat16'], input),
    ]);
    const [exact, rounded] = [float32, asked].map((rows) => rows.at(-1)?.loss as number);
    expect(rounded).not.toBe(exact);
    expect(Math.abs((rounded ?? 0) / (exact ?? 0) - 1)).toBeLessThan(0.02);
  });

  it.each([
    ['init', ['--config', 'gpt-mini']],
    ['quantize', ['--model', 'lm']],
  ])('is nothing for %s, which computes nothing', async (command, options) => {
    const { code, stderr } = await gptorch([command, ...options, '--out', path('none'), '--dtype', 'bfloat16']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/unknown option '--dtype'/);
  });
});

describe('gptorch init', () => {
  it('writes the same weights for the same seed', async () => {
    const init = (name: string, seed: string) =>
      jsonLines([
        'init',
        '--config',
        path('tiny.json'),
        '--vocab-size',
        '21',
        '--seed',
        seed,
        '--out',
        path(name),
        '--json',
      ]);
    const [summary] = await init('a', '5');
    await init('b', '5');
    await init('c', '6');
    expect(summary?.parameters).toBe(21 * 32 + 32 * 32 + 2 * (12 * 32 * 32 + 13 * 32) + 2 * 32);
    const score = (name: string) => gptorch(['score', '--model', path(name), '--input', '-'], '{"tokens":[1,2,3]}');
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(score));
    expect(a?.stdout).toBe(b?.stdout);
    expect(a?.stdout).not.toBe(c?.stdout);
  });
});

describe('gptorch quantize', () => {
  it('writes a smaller model that reads text nearly as well', async () => {
    const quantize = (...args: string[]) => gptorch(['quantize', '--model', path('lm'), ...args]);
    const { code, stdout } = await quantize('--out', path('int8'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +weights +bits a parameter\n.*lm +[\d.]+ MB +32\.0\n.*int8 +[\d.]+ MB +\d+\.\d\n$/);
    const summary = JSON.parse((await quantize('--out', path('bf16'), '--weights', 'bfloat16', '--json')).stdout);
    expect(summary).toMatchObject({ weights: 'bfloat16', bytes: { before: 2 * summary.bytes.after } });
    const perplexity = async (name: string) => {
      const [{ loss } = {}] = await jsonLines(
        ['score', '--model', path(name), '--input', '-'],
        '{"text":"the sea is"}\n',
      );
      return Math.exp(loss as number);
    };
    const exact = await perplexity('lm');
    for (const name of ['int8', 'bf16']) expect(Math.abs((await perplexity(name)) / exact - 1)).toBeLessThan(0.01);
    const again = await quantize('--out', path('int8'));
    expect(again).toMatchObject({ code: 2, stdout: '' });
    expect(again.stderr).toMatch(/int8: already holds a model/);
  });
});
