import { expect, test } from 'vitest';
import { deviceMarkdown } from '../../../../scripts/device/markdown.mjs';

test('a stage that failed is shown with its reason on one line of the table', () => {
  const machine = {
    date: '2030-01-02',
    device: 'cuda',
    gpu: ['NVIDIA H100, 580, 81559 MiB'],
    processor: 'x',
    cores: 16,
  };
  const stages = [
    { name: 'parity', ok: false, seconds: 12.3, passed: 5, failed: 1, problem: 'a | b\nis off' },
    { name: 'operators', ok: true, seconds: 3, totals: '53 passed, 0 failed' },
  ];
  const text = deviceMarkdown({ command: 'run', machine, stages });
  expect(text).toContain('NVIDIA H100, 580, 81559 MiB');
  expect(text).toContain('| parity | **failed** | 12 | 5 passed, 1 failed: a \\| b is off |');
  expect(text).toContain('| operators | passed | 3 | 53 passed, 0 failed |');
});
