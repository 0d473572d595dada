import { addon, type GraphHandle } from '../addon/index.js';
import { whileCapturing } from './capturing.js';
import type { Generator } from './generator.js';
import { scope } from './scope.js';
import { refusePromise } from './synchronous.js';

/** Calls on tensors that `engine.capture` recorded, made again by each `replay()`. */
export class Graph<T> {
  /**
   * What the captured function returned. The tensors in it are filled by each replay; they have no value before the first one,
   * and no history: the backward pass belongs into the function.
   */
  readonly value: T;
  readonly #handle: GraphHandle;
  readonly #generator: Generator;
  /** Random draws of one replay. */
  readonly #draws: number;

  /** @internal Graphs are made by `engine.capture`. */
  constructor(handle: GraphHandle, value: T, generator: Generator, draws: number) {
    this.value = value;
    this.#handle = handle;
    this.#generator = generator;
    this.#draws = draws;
  }

  /**
   * Queues all the calls as one operation. It does what calling the function now would do: it reads its inputs as they stand
   * then, and its dropouts draw from the engine's generator, seed and step of this moment.
   *
   * @throws EngineQueueFullError when the queue is full
   * @throws DisposedError when the graph, or a tensor or module that it uses, was disposed of
   */
  replay(): void {
    this.#generator.draw(this.#draws, (key) => addon.replayGraph(this.#handle, key));
  }

  /** How many of the replays that are done were one launch of a device; always 0 on the CPU. */
  get launches(): number {
    return addon.graphLaunches(this.#handle);
  }

  /** Frees the recording behind the work already queued, not the tensors in `value`. A second call does nothing. */
  dispose(): void {
    addon.disposeGraph(this.#handle);
  }
}

/** See `Engine.capture`. */
export function capture<T>(generator: Generator, fn: () => T): Graph<T> {
  const handle = addon.beginGraph();
  const state = generator.state();
  // Draws are counted from 0 while they are recorded; a replay draws from where the generator then stands.
  generator.restore({ ...state, ordinal: 0 });
  try {
    const value = whileCapturing(generator, () =>
      scope(() => {
        const result = fn();
        refusePromise('engine.capture', result);
        return result;
      }),
    );
    addon.finishGraph(handle);
    return new Graph(handle, value, generator, generator.state().ordinal);
  } catch (error) {
    addon.dropGraph(handle);
    throw error;
  } finally {
    generator.restore(state);
  }
}
