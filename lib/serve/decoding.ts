import type { FinishReason, GeneratedToken, SamplesOptions } from '../decode/index.js';
import type { GPT } from '../model/index.js';
import { noGrad, scope, tensor } from '../tensor/index.js';
import { Places } from './places.js';

export interface TokenLogProb {
  readonly token: number;
  readonly logProb: number;
}
export interface RequestLimits {
  signal: AbortSignal;
  client: string;
  waitTimeout: number;
  timeout: number;
}
export type TokenRequest = Omit<SamplesOptions, 'signal'> & RequestLimits & { topLogProbs?: number };

const places = new WeakMap<GPT, Places>();
function placesOf(model: GPT): Places {
  const known = places.get(model) ?? new Places({ running: 64, waiting: 64, waitTimeout: 30_000 });
  places.set(model, known);
  return known;
}

export async function* generateTokens(
  model: GPT,
  prompt: readonly number[],
  { client: _, waitTimeout: __, timeout: ___, topLogProbs, ...options }: TokenRequest,
): AsyncGenerator<GeneratedToken & { topLogProbs?: readonly TokenLogProb[] }, FinishReason[]> {
  let leave = () => {};
  await new Promise<void>((resolve, reject) => {
    placesOf(model)
      .use(options.signal, () => {
        resolve();
        return new Promise<void>((done) => {
          leave = done;
        });
      })
      .catch(reject);
  });
  try {
    return yield* model.stream(prompt, options);
  } finally {
    leave();
  }
}

export async function embedTokens(
  model: GPT,
  tokens: readonly number[],
  { signal }: RequestLimits,
): Promise<Float32Array> {
  return placesOf(model).use(signal, async () => {
    model.eval();
    const last = noGrad(() =>
      scope(() =>
        model
          .hidden(tensor([[...tokens]], { dtype: 'int64' }))
          .narrow(1, tokens.length - 1, 1)
          .reshape(-1),
      ),
    );
    const values = await last.toArray();
    last.dispose();
    return Float32Array.from(values, Number);
  });
}

export function decoderLoad(model: GPT) {
  const { running, waiting } = placesOf(model);
  return { running, waiting, promptTokens: 0, cachedTokens: 0, generatedTokens: 0 };
}
