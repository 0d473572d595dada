import { describe, expect, it } from 'vitest';
import { CountBaselines, Random, textSequence } from '../../../lib/data/index.js';
import { KneserNey } from '../../../lib/data/kneser-ney.js';
import { messageOf } from './temporary-folder.js';

const text = (tokens: number[]) => textSequence(Uint16Array.from(tokens));
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

describe('CountBaselines', () => {
  // a b a b a c: pairs ab ab ba ba ac. c(a) = 3, c(b) = 2; n1 = 1 (ac), n2 = 2 (ab, ba): D = 1 / 5.
  // Seen after: b after {a}, a after {b}, c after {a}: all 1, so n1 = 3, n2 = 0 and D' = 1: Pc = 1 / V for all.
  const small = new CountBaselines([text([0, 1, 0, 1, 0, 2])], 4);

  it('counts targets, with one added: the unigram', () => {
    expect(small.trainingTargets).toBe(5);
    expect([0, 1, 2, 3].map((token) => small.unigramProbability(token))).toEqual([3 / 9, 3 / 9, 2 / 9, 1 / 9]);
  });

  it('is interpolated Kneser-Ney, computed by hand', () => {
    const back = (0.2 * 2) / 3 / 4; // D · N(a, ·) / c(a) · Pc
    const after = [0, 1, 2, 3].map((token) => small.bigramProbability(0, token));
    const expected = [back, 1.8 / 3 + back, 0.8 / 3 + back, back];
    for (const [token, probability] of after.entries()) expect(probability).toBeCloseTo(expected[token] ?? 0, 12);
    // c ends the text and d was never seen: only Pc is left.
    expect(small.bigramProbability(2, 1)).toBeCloseTo(0.25, 12);
    expect(small.bigramProbability(3, 3)).toBeCloseTo(0.25, 12);
  });

  // Trigrams ^ab aba bab aba bac (^: the beginning): D3 = 3 / 5. Seen after different tokens: ab 2, ba 1, ac 1: D2 = 1 / 2.
  it('is interpolated Kneser-Ney with two tokens before it too', () => {
    const shorter = 0.5 + 0.5 / 4; // (1 - D2) / 1 + D2 · Pc(a)
    expect(small.trigramProbability(0, 1, 0)).toBeCloseTo((2 - 0.6) / 2 + (0.6 / 2) * shorter, 12);
    expect(small.trigramProbability(4, 0, 1)).toBeCloseTo(0.4 + 0.6 * ((2 - 0.5) / 3 + ((0.5 * 2) / 3) * 0.25), 12);
    expect(small.trigramProbability(2, 1, 0)).toBeCloseTo(shorter, 12); // c b was never seen
  });

  it('gives every token a probability above 0, and all together 1', () => {
    const random = new Random(4);
    for (const vocabSize of [1, 2, 5, 40]) {
      for (const length of [2, 3, 10, 500]) {
        const tokens = Array.from({ length }, () => Math.min(random.nextInt(vocabSize), random.nextInt(vocabSize)));
        const baselines = new CountBaselines([text(tokens)], vocabSize);
        const vocabulary = Array.from({ length: vocabSize }, (_, i) => i);
        expect(sum(vocabulary.map((token) => baselines.unigramProbability(token)))).toBeCloseTo(1, 10);
        for (const previous of vocabulary) {
          const row = vocabulary.map((token) => baselines.bigramProbability(previous, token));
          expect(sum(row)).toBeCloseTo(1, 10);
          expect(Math.min(...row)).toBeGreaterThan(0);
          const before = random.nextInt(vocabSize + 1);
          const longer = vocabulary.map((token) => baselines.trigramProbability(before, previous, token));
          expect(sum(longer)).toBeCloseTo(1, 10);
          expect(Math.min(...longer)).toBeGreaterThan(0);
        }
      }
    }
  });

  it('measures the mean over held-out targets', () => {
    const { targets, unigram, bigram } = small.evaluate([text([1, 0, 3]), text([2, 2])]);
    expect(targets).toBe(3);
    const uni = -(Math.log(3 / 9) + Math.log(1 / 9) + Math.log(2 / 9)) / 3;
    expect(unigram.loss).toBeCloseTo(uni, 12);
    expect(unigram.perplexity).toBeCloseTo(Math.exp(uni), 10);
    const bi = [small.bigramProbability(1, 0), small.bigramProbability(0, 3), small.bigramProbability(2, 2)];
    expect(bigram.loss).toBeCloseTo(-sum(bi.map(Math.log)) / 3, 12);
  });

  it('counts the targets that a model is measured on, and no others', () => {
    const masked = { inputs: [0, 1, 0, 1], targets: [-100, 0, -100, 2] };
    const { trigram, ...others } = small.evaluate([masked]);
    expect(small.evaluate([{ inputs: [1, 1], targets: [0, 2] }])).toMatchObject(others);
    const both = [small.trigramProbability(0, 1, 0), small.trigramProbability(0, 1, 2)];
    expect(trigram.loss).toBeCloseTo(-sum(both.map(Math.log)) / 2, 12);
    expect(new CountBaselines([masked], 4).trainingTargets).toBe(2);
  });

  it('comes close to the entropy of a source it can model, from above', () => {
    // A Markov chain on 3 states; its entropy rate is what no predictor beats.
    const rows = [
      [0.8, 0.1, 0.1],
      [0.2, 0.2, 0.6],
      [0.1, 0.7, 0.2],
    ];
    const random = new Random(11);
    const chain = (length: number) => {
      const tokens = [0];
      while (tokens.length < length) {
        const draw = random.nextInt(10);
        const [a = 0, b = 0] = rows[tokens.at(-1) ?? 0] ?? [];
        tokens.push(draw < a * 10 ? 0 : draw < (a + b) * 10 ? 1 : 2);
      }
      return tokens;
    };
    const held = chain(20_000);
    const { unigram, bigram } = new CountBaselines([text(chain(50_000))], 3).evaluate([text(held)]);
    const empirical =
      -sum(held.slice(1).map((next, i) => Math.log(rows[held[i] ?? 0]?.[next] ?? 0))) / (held.length - 1);
    expect(bigram.loss - empirical).toBeGreaterThan(0);
    expect(bigram.loss - empirical).toBeLessThan(0.001);
    expect(unigram.loss - bigram.loss).toBeGreaterThan(0.1);
  });

  it('counts what comes after it was asked', () => {
    const [asked, fresh] = [new KneserNey(2, 3), new KneserNey(2, 3)];
    asked.add([0, 1]);
    asked.probability([0, 1]);
    asked.add([0, 2]);
    for (const gram of [[0, 1], [0, 2]]) fresh.add(gram); // biome-ignore format: one line
    expect(asked.probability([0, 2])).toBe(fresh.probability([0, 2]));
  });

  it('refuses a vocabulary whose trigrams have no numbers', async () => {
    expect(await messageOf(() => new CountBaselines([text([1, 2])], 300_000))).toBe(
      'ArgumentError: a vocabulary of 300000 is too large to count 3-grams',
    );
  });

  it('refuses what has no targets or ids out of range', async () => {
    expect(await messageOf(() => new CountBaselines([text([1])], 4))).toBe(
      'ArgumentError: the baselines have no training target',
    );
    expect(await messageOf(() => small.evaluate([]))).toBe(
      'ArgumentError: the baselines have no target to be measured on',
    );
    expect(await messageOf(() => small.evaluate([text([1, 4])]))).toBe(
      'ArgumentError: token id 4 at position 0 is out of range; allowed: 0 to 3',
    );
  });
});
