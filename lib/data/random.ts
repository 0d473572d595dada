import { ArgumentError } from '../errors.js';

const TWO_32 = 2 ** 32;

/** The four 32-bit words of a generator. Plain JSON. */
export type RandomState = readonly [number, number, number, number];

/**
 * Seeded random numbers for the order of data: xoshiro128** of Blackman and Vigna (https://prng.di.unimi.it), the same
 * on every machine. Tensors have their own generator, on the engine.
 */
export class Random {
  #state: [number, number, number, number];

  /**
   * @param key whole numbers, the seed first. Each key has a sequence of its own, so that what an epoch or a batch
   *   draws follows from its number alone, and a resumed run need not replay those before it.
   */
  constructor(...key: readonly number[]) {
    this.#state = [...expandKey(key)];
  }

  /** A generator that goes on where `state` was taken. */
  static fromState(state: RandomState): Random {
    const random = new Random();
    random.#state = [...state];
    return random;
  }

  /** Where the sequence stands. */
  state(): RandomState {
    const [a, b, c, d] = this.#state;
    return [a >>> 0, b >>> 0, c >>> 0, d >>> 0];
  }

  /** A whole number from 0 to 2^32 - 1. */
  nextUint32(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /**
   * A whole number from 0 to `bound` - 1, each as likely as the others.
   * @throws ArgumentError when `bound` is no whole number from 1 to 2^53 - 1.
   */
  nextInt(bound: number): number {
    if (!Number.isSafeInteger(bound) || bound < 1) {
      throw new ArgumentError(`nextInt: bound is ${bound}; allowed: whole numbers from 1`);
    }
    // What lies above the last whole multiple of `bound` is drawn again: a remainder alone would favour small numbers.
    const range = bound <= TWO_32 ? TWO_32 : 2 ** 53;
    const limit = range - (range % bound);
    for (;;) {
      const high = range === TWO_32 ? 0 : this.nextUint32() >>> 11;
      const value = high * TWO_32 + this.nextUint32();
      if (value < limit) return value % bound;
    }
  }

  /** Puts the items in a random order, in place (Fisher and Yates). */
  shuffle<A extends unknown[] | Uint32Array>(items: A): A {
    const list = items as unknown[];
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.nextInt(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return items;
  }

  /** 0 to `length` - 1 in a random order. */
  permutation(length: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length }, (_, i) => i));
  }
}

/** Four well mixed words from a key, by the finalizer of SplitMix in its 32-bit form. */
function expandKey(key: readonly number[]): RandomState {
  let hash = 0x9e3779b9;
  for (const part of key) {
    if (!Number.isSafeInteger(part) || part < 0) {
      throw new ArgumentError(`Random: a key has ${part}; allowed: whole numbers from 0`);
    }
    hash = mix(mix(hash ^ (part % TWO_32)) ^ Math.floor(part / TWO_32));
  }
  const word = (i: number) => mix(hash + Math.imul(i, 0x9e3779b9));
  // xoshiro cannot leave the state of four zeros; the constant keeps it out of reach.
  return [word(1), word(2), word(3), word(4) | 1];
}

function mix(value: number): number {
  let z = (value + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
