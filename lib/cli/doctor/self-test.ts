/** A small model trained for a few steps and sampled: that the addon computes, not only loads. */
export interface SelfTest {
  ok: boolean;
  /** Why not. */
  problem: string | null;
  /** Losses before and after the steps. */
  loss: [first: number, last: number] | null;
  milliseconds: { step: number; token: number } | null;
}

const steps = 10;
const tokens = 16;

/** Forward, backward, optimizer steps and a generation on the CPU; some tenths of a second. */
export async function selfTest(): Promise<SelfTest> {
  try {
    return await run();
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { ok: false, problem, loss: null, milliseconds: null };
  }
}

async function run(): Promise<SelfTest> {
  const { GPT } = await import('../../model/index.js');
  const { AdamW } = await import('../../optim/index.js');
  const { complete } = await import('../../generate/index.js');
  const { tensor } = await import('../../tensor/index.js');
  const model = new GPT({ vocabSize: 64, contextLength: 32, layers: 2, heads: 2, width: 64 }, { seed: 1 });
  const optimizer = new AdamW(model.namedParameters(), { lr: 3e-3 });
  const row = (shift: number) => Array.from({ length: 32 }, (_, i) => ((i + shift) * 7) % 64);
  const inputs = tensor([row(0), row(5)], { dtype: 'int64' });
  const targets = tensor([row(1), row(6)], { dtype: 'int64' });

  const losses: number[] = [];
  const started = performance.now();
  for (let step = 0; step <= steps; step++) {
    const loss = model.loss(inputs, targets);
    loss.backward();
    optimizer.step();
    optimizer.zeroGrad();
    losses.push(await loss.item());
    loss.dispose();
  }
  const trained = performance.now();
  const sample = await complete(model, row(0).slice(0, 4), { maxNewTokens: tokens, seed: 1 });
  const sampled = performance.now();

  const [first = Number.NaN, last = Number.NaN] = [losses[0], losses.at(-1)];
  const learns = last < first;
  const generates = sample.tokens.length === tokens;
  const problem = learns ? (generates ? null : 'the generation ended early') : `the loss went from ${first} to ${last}`;
  const milliseconds = { step: (trained - started) / (steps + 1), token: (sampled - trained) / tokens };
  return { ok: problem === null, problem, loss: [first, last], milliseconds };
}
