import { cat, scope, type Tensor, zeros } from '../tensor/index.js';

/** What one layer keeps. */
export interface LayerCache {
  /** (B, heads, capacity, headWidth) */
  keys: Tensor;
  /** (B, heads, capacity, headWidth) */
  values: Tensor;
}

/** The sizes of a cache. */
export interface CacheSettings {
  /** Decoder blocks. */
  layers: number;
  /** Attention heads of a block. */
  heads: number;
  /** Width of an attention head. */
  headWidth: number;
  /** Tokens that fit. */
  capacity: number;
  /** Sequences side by side. Default 1. */
  batch?: number;
  /** As `engine.device` takes it. Default "cpu". */
  device?: string;
}

/** Keys and values of the tokens seen so far, so that each new token costs one position. */
export class KeyValueCache {
  /** One for each decoder block. */
  readonly layers: readonly LayerCache[];
  /** Tokens that fit. */
  readonly capacity: number;
  /** Tokens held. Whoever runs the model over new tokens adds them. */
  length = 0;

  private constructor(layers: readonly LayerCache[], capacity: number, length: number) {
    this.layers = layers;
    this.capacity = capacity;
    this.length = length;
  }

  /** An empty cache. */
  static make({ layers, heads, headWidth, capacity, batch = 1, device = 'cpu' }: CacheSettings): KeyValueCache {
    const empty = () => zeros([batch, heads, capacity, headWidth], { device });
    const made = Array.from({ length: layers }, () => ({ keys: empty(), values: empty() }));
    return new KeyValueCache(made, capacity, 0);
  }

  /**
   * A cache for sequences that go on from those of this one.
   * @param rows (B) int64: the sequence of this cache that each new one begins with
   * @param room tokens that fit behind what is held
   */
  fork(rows: Tensor, room: number): KeyValueCache {
    const { length } = this;
    const extend = (held: Tensor): Tensor => {
      const [, heads = 0, , headWidth = 0] = held.shape;
      const space = zeros([rows.size, heads, room, headWidth], { device: held.device });
      return cat([held.narrow(2, 0, length).indexSelect(0, rows), space], 2); // (B, heads, length + room, headWidth)
    };
    const forked = this.layers.map(({ keys, values }) => scope(() => ({ keys: extend(keys), values: extend(values) })));
    return new KeyValueCache(forked, length + room, length);
  }

  /** Frees the tensors. */
  dispose(): void {
    for (const { keys, values } of this.layers) {
      keys.dispose();
      values.dispose();
    }
  }
}
