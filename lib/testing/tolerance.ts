import { ArgumentError } from '../errors.js';
import type { DType } from '../tensor/index.js';
import { unknownName } from '../validate.js';

/** What `toBeCloseToTensor` allows: |a - b| ≤ atol + rtol · |b|, `b` the reference's element. */
export interface ToleranceOptions {
  /** Relative tolerance. Default by dtype: float32 1.3e-6, bfloat16 1.6e-2, float16 1e-3, float64 1e-7, others 0. */
  rtol?: number;
  /** Absolute tolerance. Default by dtype: float32, bfloat16 and float16 1e-5, float64 1e-7, others 0. */
  atol?: number;
  /** NaN is close to NaN. Default false. */
  equalNaN?: boolean;
}

/** Options with nothing left out. */
export type Tolerance = Required<ToleranceOptions>;

/** Those of `torch.testing.assert_close`; integers and booleans must be equal. */
const DEFAULTS: Partial<Record<DType, readonly [rtol: number, atol: number]>> = {
  float32: [1.3e-6, 1e-5],
  bfloat16: [1.6e-2, 1e-5],
  float16: [1e-3, 1e-5],
  float64: [1e-7, 1e-7],
};

/**
 * Fills in the defaults: the looser ones where two dtypes meet, as in torch.
 * @throws ArgumentError for a negative or infinite tolerance, or an unknown option
 */
export function toleranceFor(options: ToleranceOptions, dtypes: readonly (DType | undefined)[]): Tolerance {
  const known = ['rtol', 'atol', 'equalNaN'];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new ArgumentError(`toBeCloseToTensor: ${unknownName('option', name, known)}`);
  }
  const defaults = dtypes.map((dtype) => (dtype && DEFAULTS[dtype]) ?? [0, 0]);
  const { equalNaN = false } = options;
  const rtol = options.rtol ?? Math.max(0, ...defaults.map(([relative]) => relative));
  const atol = options.atol ?? Math.max(0, ...defaults.map(([, absolute]) => absolute));
  for (const [name, value] of Object.entries({ rtol, atol })) {
    if (!Number.isFinite(value) || value < 0) {
      throw new ArgumentError(`toBeCloseToTensor: ${name} must be a finite number from 0, not ${value}`);
    }
  }
  return { rtol, atol, equalNaN };
}
