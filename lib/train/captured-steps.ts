import { engine, type Graph, keep, type Tensor, zeros } from '../tensor/index.js';
import type { Batch, BatchLayout } from './batch.js';
import { type PendingStep, pendingStep, queueStep, type StepOptions, type StepTensors, stepAtOnce } from './step.js';

/** A step for batches of certain shapes, with the places that it takes them from. */
interface CapturedStep {
  /** One list a micro-batch. */
  inputs: readonly (readonly Tensor[])[];
  graph: Graph<StepTensors>;
}

/** Sets of shapes for which a step is kept. */
const MOST_KEPT = 4;

/**
 * Optimizer steps (all micro-batches, clipping, update) that are recorded once and replayed as one operation of the engine.
 * A step whose batches say no `layout` is queued call by call instead, and so is one of a fifth set of shapes.
 */
export class CapturedSteps<B extends Batch> {
  readonly #steps = new Map<string, CapturedStep>();

  /** What `queueStep` does, with the same numbers. Objective, optimizer, parameters and clipping are the same at every call. */
  async queue(options: StepOptions<B>): Promise<PendingStep> {
    const { batches, optimizer, lr } = options;
    const layouts = batches.flatMap(({ layout }) => layout ?? []);
    await engine.drained();
    const step = layouts.length === batches.length ? this.#stepFor(layouts, options) : undefined;
    if (step === undefined) return await queueStep(options);
    for (const [i, { tensors }] of layouts.entries()) {
      for (const [j, tensor] of tensors.entries()) step.inputs[i]?.[j]?.copyFrom(tensor);
    }
    for (const batch of batches) batch.dispose();
    optimizer.advance({ lr });
    step.graph.replay();
    return pendingStep(options, step.graph.value);
  }

  /** Frees what was recorded. */
  dispose(): void {
    for (const { graph, inputs } of this.#steps.values()) {
      graph.dispose();
      const { gradNorm, parts } = graph.value;
      for (const tensor of [gradNorm, ...parts.map(([, part]) => part), ...inputs.flat()]) tensor.dispose();
    }
    this.#steps.clear();
  }

  #stepFor(layouts: readonly BatchLayout[], options: StepOptions<B>): CapturedStep | undefined {
    const key = JSON.stringify(layouts.map(({ name, tensors }) => [name, tensors.map(placement)]));
    const known = this.#steps.get(key);
    if (known !== undefined || this.#steps.size >= MOST_KEPT) return known;
    const step = captureStep(layouts, options);
    this.#steps.set(key, step);
    return step;
  }
}

function captureStep<B extends Batch>(layouts: readonly BatchLayout[], options: StepOptions<B>): CapturedStep {
  const { objective, optimizer, parameters, clip } = options;
  const inputs = layouts.map(({ tensors }) => tensors.map(emptyLike));
  const batches = layouts.map(({ withTensors }, i) => withTensors(inputs[i] ?? []) as B);
  const graph = engine.capture(() => keep(stepAtOnce({ batches, objective, optimizer, parameters, clip })));
  return { inputs, graph };
}

function placement({ shape, dtype, device }: Tensor): unknown[] {
  return [shape, dtype, device];
}

function emptyLike({ shape, dtype, device }: Tensor): Tensor {
  return keep(zeros(shape, { dtype, device }));
}
