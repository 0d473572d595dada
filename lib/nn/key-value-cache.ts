import { type Tensor, zeros } from '../tensor/index.js';

export interface LayerCache {
  /** (B, heads, capacity, headWidth) */
  keys: Tensor;
  values: Tensor;
}

export interface CacheSettings {
  layers: number;
  heads: number;
  headWidth: number;
  /** Tokens that fit. */
  capacity: number;
  /** Default 1. */
  batch?: number;
  device?: string;
}

/** Keys and values of the tokens seen so far, so that each new token costs one position. */
export class KeyValueCache {
  readonly layers: readonly LayerCache[];
  readonly capacity: number;
  /** Tokens held. Whoever runs the model over new tokens adds them. */
  length = 0;

  constructor({ layers, heads, headWidth, capacity, batch = 1, device = 'cpu' }: CacheSettings) {
    const shape = [batch, heads, capacity, headWidth];
    this.capacity = capacity;
    this.layers = Array.from({ length: layers }, () => ({
      keys: zeros(shape, { device }),
      values: zeros(shape, { device }),
    }));
  }

  dispose(): void {
    for (const { keys, values } of this.layers) {
      keys.dispose();
      values.dispose();
    }
  }
}
