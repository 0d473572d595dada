import { expect, test } from 'vitest';
import { requireAgreement, requireSameConditions } from '../../../../scripts/bench/train/agreement.mjs';
import { takeTurns } from '../../../../scripts/bench/train/rounds.mjs';
import { trainMarkdown } from '../../../../scripts/bench/train/table.mjs';

const conditions = { version: '2.13.0', instructionSet: 'AVX2', threads: 2 };

test('peers take turns, one at a time, and times are by step', async () => {
  const order: string[] = [];
  let working = 0;
  const peer = (name: string, seconds: number) => ({
    async ask({ steps }: { steps: number }) {
      working += 1;
      order.push(name);
      await new Promise(setImmediate);
      expect(working).toBe(1);
      working -= 1;
      return { seconds, cpuSeconds: 2 * seconds, losses: Array.from({ length: steps }, (_, i) => i) };
    },
  });
  const turns = await takeTurns([peer('A', 1), peer('B', 3), peer('C', 2)], { rounds: 2, steps: 4 });
  expect(order.join('')).toBe('ABCABC');
  expect(turns[1]).toEqual({ stepSeconds: [0.75, 0.75], stepCpuSeconds: [1.5, 1.5], lastLoss: 3 });
});

test('nothing is reported where losses differ', () => {
  const ours = { name: 'gptorch', losses: [4.17, 4.1] };
  expect(requireAgreement([ours, { name: 'eager', losses: [4.17, 4.10005] }], 'float32')).toBeCloseTo(5e-5);
  expect(() => requireAgreement([ours, { name: 'eager', losses: [4.17, 4.1002] }], 'float32')).toThrow(/step 1.*eager/);
  expect(() => requireAgreement([ours, { name: 'eager', losses: [4.17, Number.NaN] }], 'float32')).toThrow('step 1');
  expect(() => requireAgreement([ours, { name: 'eager', losses: [4.17] }], 'float32')).toThrow('1 losses');
  expect(requireAgreement([ours, { name: 'eager', losses: [4.17, 4.12] }], 'bfloat16')).toBeCloseTo(2e-2);
});

test('peers must run the same torch on the same instruction set and threads', () => {
  const ours = { name: 'gptorch', conditions };
  requireSameConditions([ours, { name: 'eager', conditions: { ...conditions, version: '2.13.0+cpu' } }], 2);
  const other = (change: object) => [ours, { name: 'eager', conditions: { ...conditions, ...change } }];
  expect(() => requireSameConditions(other({ version: '2.12.1' }), 2)).toThrow('2.12.1');
  expect(() => requireSameConditions(other({ instructionSet: 'AVX512' }), 2)).toThrow('AVX512');
  expect(() => requireSameConditions(other({ threads: 1 }), 2)).toThrow('1 threads instead of 2');
});

test('the table holds the ratios of the pairs', () => {
  const peer = (name: string, stepSeconds: number[]) => ({
    ...{ name, stepSeconds, stepCpuSeconds: stepSeconds, peakMemory: 2 ** 28, firstStepSeconds: 1.25 },
  });
  const markdown = trainMarkdown({
    command: 'npm run bench -- train',
    machine: { date: '', cores: 2, processor: '', instructionSet: '', torch: '', node: '', load: 0 },
    settings: { threads: 2, optimizer: { lr: 1e-3, betas: [0.9, 0.99], weightDecay: 0.1 }, clip: 1, environment: {} },
    sizes: [
      {
        ...{ name: 'char', batch: 12, rounds: 3, steps: 10, warmUpSteps: 10, lossDifference: 4.8e-7 },
        model: { vocabSize: 65, contextLength: 64, layers: 4, heads: 4, width: 128 },
        peers: [peer('gptorch', [0.01, 0.02, 0.01]), peer('PyTorch eager', [0.015, 0.02, 0.02])],
      },
    ],
  });
  expect(markdown).toContain('| PyTorch eager | 1.000 | 1.500 | 2.000 |');
  expect(markdown).toContain('| gptorch | 10.0 (10.0 – 20.0) | 10.0 | 256 | 1.3 |');
});
