import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseRunConfig } from '../../../lib/config/index.js';
import { pretrain } from '../../../lib/train/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gptorch-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('ends with what ended it, also where the loss curve cannot be written then', async () => {
  const [data, out] = [join(folder, 'text.txt'), join(folder, 'run')];
  await writeFile(data, 'to be or not to be '.repeat(20));
  const config = parseRunConfig(
    {
      model: { contextLength: 8, layers: 1, heads: 1, width: 8 },
      train: { steps: 2, batchSize: 2, lr: 0.01 },
    },
    'test',
  );
  const failing = pretrain({
    ...{ config, data: [data], out },
    async onEvent({ type }) {
      if (type !== 'checkpoint') return;
      await mkdir(join(out, 'loss.svg', 'in the way'), { recursive: true });
      throw new Error('the listener failed');
    },
  });
  await expect(failing).rejects.toThrow('the listener failed');
});
