import { expect, test } from 'vitest';
import { decodeMarkdown } from '../../../../scripts/bench/decode/table.mjs';

test('a table for each batch: tokens a second of all texts, and ratios within a round', () => {
  const machine = {
    date: '2030-01-02',
    cores: 2,
    processor: 'x',
    instructionSet: 'AVX2',
    torch: '2',
    node: '20',
    load: 0,
  };
  const settings = { parameters: 124e6, promptTokens: 64, newTokens: 10, batches: [1, 4], rounds: 2 };
  const run = (name: string, all: number[]) => ({
    ...{ name, version: '2' },
    batches: settings.batches.map((batch) => ({
      batch,
      first: [0.5, 0.7],
      all: all.map((each) => each * batch),
    })),
  });
  const contenders = [run('gptorch', [1, 2]), run('PyTorch eager', [3, 4])];
  const text = decodeMarkdown({
    ...{ command: 'bench', machine, contenders },
    settings: { ...settings, device: 'cuda', dtype: 'bfloat16' },
  });
  expect(text).toContain('124.0M random weights in bfloat16 on cuda');
  expect(text).toContain('| gptorch (2) | 7.5 (5.0 – 10.0) | 600.0 | 1.00 |');
  expect(text).toContain('| PyTorch eager (2) | 2.9 (2.5 – 3.3) | 600.0 | 2.50 |');
  expect(text.match(/tokens\/s, prompts included/g)).toHaveLength(2);
  expect(text).toContain('| 4 texts |');
});
