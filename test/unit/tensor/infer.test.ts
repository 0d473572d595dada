import { describe, expect, test } from 'vitest';
import { Random } from '../../../lib/data/index.js';
import { ArgumentError, GptorchError } from '../../../lib/errors.js';
import {
  arange,
  cat,
  crossEntropy,
  engine,
  filterLogits,
  linear,
  sample,
  scope,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../../lib/index.js';

/**
 * What a call gives is inferred before it runs, and the engine compares the inference with the real result each time.
 * So random calls must either throw ArgumentError at once, or be computed without a failure on the engine.
 */
const random = new Random(7);
const pick = <T>(choices: readonly T[]): T => choices[random.nextInt(choices.length)] as T;
const shape = (rank = random.nextInt(4)): number[] => Array.from({ length: rank }, () => pick([0, 1, 1, 2, 3, 5]));
const make = (sizes = shape()): Tensor => zeros(sizes, { dtype: pick(['float32', 'float32', 'float64', 'int64']) });
const dimension = (): number => random.nextInt(6) - 3;
const maybe = (): number | undefined => (random.nextInt(3) === 0 ? undefined : dimension());
/** A shape that often fits: each size is kept, or becomes 1. */
const near = (sizes: readonly number[]): number[] => sizes.map((size) => (random.nextInt(3) === 0 ? 1 : size));

const calls: Record<string, () => Tensor> = {
  add: () => ((a) => a.add(make(near(a.shape))))(make()),
  mul: () => make().mul(pick([2, 0.5])),
  div: () => ((a) => a.div(make(near(a.shape))))(make()),
  sub: () => make().sub(make()),
  lt: () => ((a) => a.lt(make(near(a.shape))))(make()),
  gelu: () => make().gelu(pick(['tanh', 'none'])),
  pow: () => make().pow(2),
  clamp: () => make().clamp(-1, 1),
  matmul: () => {
    const [n, k, m] = [pick([1, 2, 3]), pick([1, 4]), pick([1, 5])];
    return zeros([...shape(1), n, k]).matmul(zeros([...pick([[], [1]]), pick([k, k, 2]), m]));
  },
  linear: () => linear(zeros([...shape(), 4]), zeros([pick([1, 7]), pick([4, 4, 3])])),
  sum: () => make().sum(maybe(), pick([true, false])),
  mean: () => make().mean(maybe(), pick([true, false])),
  max: () => make().max(maybe(), pick([true, false])),
  min: () => make().min(maybe()),
  logsumexp: () => make().logsumexp(maybe(), pick([true, false])),
  argmax: () => make().argmax(maybe(), pick([true, false])),
  softmax: () => make().softmax(dimension()),
  logSoftmax: () => make().logSoftmax(dimension()),
  reshape: () => ((a) => a.reshape(...pick([[-1], [a.size], [1, -1], [-1, 2], [2, -1, 1]])))(make()),
  permute: () => ((a) => a.permute(...a.shape.map((_, i) => pick([i, a.shape.length - 1 - i]))))(make()),
  narrow: () => make().narrow(dimension(), random.nextInt(3), random.nextInt(3)),
  expand: () => ((a) => a.expand(...a.shape.map((size) => (size === 1 ? pick([1, 4]) : size))))(make()),
  cat: () => ((a) => cat([a, make(near(a.shape))], dimension()))(make()),
  gather: () => ((a) => a.gather(dimension(), zeros(near(a.shape), { dtype: 'int64' })))(make()),
  indexSelect: () => ((a) => a.indexSelect(dimension(), tensor([0, 0], { dtype: 'int64' })))(make([2, 3, 2])),
  maskedFill: () => ((a) => a.maskedFill(zeros(near(a.shape)).eq(0), 1))(make()),
  where: () => ((a) => where(make(near(a.shape)).eq(0), a, make(near(a.shape))))(make()),
  crossEntropy: () => ((s) => crossEntropy(zeros([...s, 5]), zeros(near(s), { dtype: 'int64' })))(shape()),
  filterLogits: () => filterLogits(make(), { topK: pick([1, 9]), topP: pick([0.5, 1]), minP: pick([0, 0.5, 2]) }),
  sample: () => {
    const seen = pick([undefined, zeros(shape(2), { dtype: 'int64' })]);
    return sample(make(), { temperature: pick([0, 1]), repetitionPenalty: pick([1, 2]), seen });
  },
  to: () => make().to({ dtype: pick(['float32', 'bfloat16', 'int64', 'bool']) }),
  arange: () => arange(random.nextInt(5)),
};

describe.each(Object.entries(calls))('%s', (_name, call) => {
  test('is either refused at once or gives what was inferred', async () => {
    let given = 0;
    for (let round = 0; round < 60; round++) {
      scope(() => {
        try {
          call();
          given++;
        } catch (error) {
          expect(error).toBeInstanceOf(ArgumentError);
        }
      });
    }
    await engine.idle();
    expect(given).toBeGreaterThan(0);
  });
});

test('a wrong argument names the function, the shapes and the numbers', () => {
  expect(() => zeros([2, 3]).add(zeros([4, 5]))).toThrow('add: shapes (2, 3) and (4, 5) do not broadcast');
  expect(() => zeros([2, 3]).matmul(zeros([4, 5]))).toThrow('(2, 3) and (4, 5) do not multiply');
  expect(() => zeros([2]).add(zeros([2], { dtype: 'float64' }))).toThrow('input is float32 (2) on cpu, but other is');
  expect(() => zeros([2]).sum(3)).toThrow('sum: dimension 3 is outside a tensor of rank 1');
  expect(() => tensor([[1, 2], [3]])).toThrow(GptorchError);
});
