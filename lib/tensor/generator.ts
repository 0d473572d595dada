import type { RandomKey } from '../addon/index.js';
import { ArgumentError } from '../errors.js';
import { capturingGenerator } from './capturing.js';

/** What the next numbers follow from. Plain JSON. */
export interface GeneratorState {
  seed: number;
  step: number;
  ordinal: number;
}

/**
 * A stream of random draws. Each draw is keyed by (seed, step, ordinal of the draw within the step), so its numbers
 * depend on nothing drawn in other steps, and the whole state is three numbers.
 */
export class Generator {
  #state: GeneratorState;

  /** @param seed whole number from 0 */
  constructor(seed = 0) {
    this.#state = { seed: checked('seed', seed), step: 0, ordinal: 0 };
  }

  /** Begins a step: the same step gives the same numbers, whatever was drawn before. */
  setStep(step: number): void {
    this.#refuseInCapture('setStep');
    this.#state.step = checked('step', step);
    this.#state.ordinal = 0;
  }

  /** The key of the next `draws` draws. */
  take(draws = 1): RandomKey {
    return this.draw(draws, (key) => key);
  }

  /** Makes a call with the key of the next `draws` draws; a call that throws, as where the queue is full, draws nothing. */
  draw<T>(draws: number, call: (key: RandomKey) => T): T {
    const captures = capturingGenerator();
    if (captures !== undefined && captures !== this) {
      throw new ArgumentError("Generator: inside engine.capture only the engine's own generator draws");
    }
    const { seed, step, ordinal } = this.#state;
    const result = call([seed, step, ordinal]);
    this.#state.ordinal = ordinal + draws;
    return result;
  }

  /** Where the sequence stands. */
  state(): GeneratorState {
    return { ...this.#state };
  }

  /** Goes on where `state` was taken. */
  restore({ seed, step, ordinal }: GeneratorState): void {
    this.#refuseInCapture('restore');
    this.#state = { seed: checked('seed', seed), step: checked('step', step), ordinal: checked('ordinal', ordinal) };
  }

  /** A replay draws from where the generator stands then. */
  #refuseInCapture(call: string): void {
    if (capturingGenerator() === undefined) return;
    throw new ArgumentError(`Generator.${call}: cannot be called inside engine.capture; call it before each replay`);
  }
}

function checked(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ArgumentError(`Generator: ${name} must be a whole number from 0, not ${value}`);
  }
  return value;
}
