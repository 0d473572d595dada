import { InputError } from '../errors.js';
import { loadSafetensors, readSafetensorsHeader, saveSafetensors } from '../io/index.js';
import type { AdamW } from '../optim/index.js';
import type { Tensor } from '../tensor/index.js';
import type { Trainable } from './trainer-options.js';

const FORMAT = 'gptorch-checkpoint';
const VERSION = '1';

interface Trained {
  model: Pick<Trainable, 'namedParameters'>;
  optimizer: AdamW;
}

/**
 * Writes a run's whole state as one safetensors file: `model.*`, `optimizer.*`, and in the file's metadata the optimizer's
 * count of updates and `state` as JSON. Atomic: a kill at any time leaves the file as it was before or as it is after.
 * @param state what else is needed to go on, such as `random.state()` and `engine.generatorState()`
 */
export async function saveCheckpoint(path: string, trained: Trained, state: unknown): Promise<void> {
  await saveSafetensors(path, namedTensors(trained), {
    format: FORMAT,
    version: VERSION,
    steps: String(trained.optimizer.steps),
    state: JSON.stringify(state),
  });
}

/**
 * The `state` of a checkpoint; its tensors are not read.
 * @throws InputError when the file is missing, torn or no checkpoint.
 */
export async function readCheckpointState(path: string): Promise<unknown> {
  const { metadata = {} } = await readSafetensorsHeader(path);
  if (metadata.format !== FORMAT || metadata.state === undefined)
    throw new InputError(`${path}: not a gptorch checkpoint`);
  if (metadata.version !== VERSION) {
    throw new InputError(`${path}: checkpoint version ${metadata.version}; this gptorch reads version ${VERSION}`);
  }
  return JSON.parse(metadata.state);
}

/**
 * Copies a checkpoint's tensors into a model and an optimizer of the same shapes, and sets the optimizer's count of updates.
 * @throws InputError naming the tensor that is missing, damaged, or of another shape
 */
export async function loadCheckpoint(path: string, trained: Trained): Promise<void> {
  const { steps } = await loadSafetensors(path, namedTensors(trained));
  if (steps !== undefined) trained.optimizer.restoreSteps(Number(steps));
}

function namedTensors({ model, optimizer }: Trained): [name: string, tensor: Tensor][] {
  return [...withPrefix('model.', model.namedParameters()), ...withPrefix('optimizer.', optimizer.namedState())];
}

function withPrefix(prefix: string, tensors: readonly [name: string, tensor: Tensor][]): [string, Tensor][] {
  return tensors.map(([name, tensor]) => [prefix + name, tensor]);
}
