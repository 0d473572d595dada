import { expect, test } from 'vitest';
import { AmountProgress, megabytes } from '../../../lib/cli/amount-progress.js';

function setUp(options: { isTTY?: boolean; columns?: number; quiet?: boolean }) {
  const written: string[] = [];
  let time = 1000;
  const stream = { write: (text: string) => written.push(text), ...options };
  const progress = new AmountProgress({ format: megabytes, quiet: options.quiet, stream, now: () => time });
  const after = (milliseconds: number) => {
    time += milliseconds;
    return progress;
  };
  return { progress, written, after };
}

test('a terminal has one line with bar, rate and time left', () => {
  const { progress, written, after } = setUp({ isTTY: true, columns: 120 });
  progress.update('torch.whl', 50e6, 200e6); // 50 MB were there before
  after(1000).update('torch.whl', 60e6, 200e6);
  after(10).update('torch.whl', 61e6, 200e6);
  progress.end();
  expect(written).toEqual([
    '\r\x1b[2Ktorch.whl [#####...............] 50 MB of 200 MB',
    '\r\x1b[2Ktorch.whl [######..............] 60 MB of 200 MB, 10 MB/s, 14s left',
    '\r\x1b[2K',
  ]);
});

test('elsewhere a line at each beginning and every ten seconds', () => {
  const { written, after } = setUp({});
  for (let i = 0; i < 25; i++) after(1000).update('pip', i * 1e6);
  after(1000).update('unpacking');
  expect(written).toEqual(['pip 0.0 MB\n', 'pip 10 MB, 1.0 MB/s\n', 'pip 20 MB, 1.0 MB/s\n', 'unpacking\n']);
});

test('a narrow terminal cuts it, and quiet writes nothing', () => {
  const narrow = setUp({ isTTY: true, columns: 12 });
  narrow.progress.update('torch-2.13.0.whl', 1, 2);
  expect(narrow.written).toEqual(['\r\x1b[2Ktorch-2.13.']);
  const quiet = setUp({ quiet: true });
  quiet.progress.update('x', 1, 2);
  expect(quiet.written).toEqual([]);
});
