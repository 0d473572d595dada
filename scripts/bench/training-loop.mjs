// The training loop as a user of gptorch writes it.
import { gptorch } from './machine.mjs';
import { CLIP } from './sizes.mjs';

const { AdamW, autocast, clipGradNorm, engine, scope, tensor } = gptorch;
/** Steps queued beyond the one whose loss is awaited, as the trainer does. */
const STEPS_AHEAD = 2;

export class TrainingLoop {
  #model;
  #optimizer;
  #tokens;
  #shape;
  #dtype;
  #group;
  #steps = 0;

  /**
   * @param {object} parts
   * @param {BigInt64Array} parts.tokens inputs and targets (…, 2, batch, contextLength); the steps go round them
   * @param {'float32' | 'bfloat16'} [parts.dtype] of products and attention
   * @param {import('../../dist/index.js').ProcessGroup} [parts.group] ranks that have equal parts of each batch
   */
  constructor({ model, optimizer, tokens, batch, dtype = 'float32', group }) {
    this.#model = model.train();
    this.#optimizer = new AdamW(model.namedParameters(), optimizer);
    this.#tokens = tokens;
    this.#shape = [batch / (group?.size ?? 1), model.config.contextLength];
    this.#dtype = dtype;
    this.#group = group;
  }

  /** @returns {Promise<number[]>} the losses (of a rank: its part of them), once all is done that belongs to the steps */
  async run(steps) {
    const [losses, reads] = [[], []];
    for (let step = 0; step < steps; step++) {
      losses.push(this.#step());
      // Asked for now, behind this step: asked for later, it would stand behind steps that need not be waited for.
      reads.push(losses[step].item());
      await reads.at(-1 - STEPS_AHEAD);
    }
    const values = await Promise.all(reads);
    await engine.idle();
    for (const loss of losses) loss.dispose();
    return values;
  }

  dispose() {
    this.#optimizer.dispose();
    this.#model.dispose();
  }

  #step() {
    const [inputs, targets] = this.#batch(this.#steps++);
    const loss = scope(() => {
      const place = { shape: this.#shape, device: this.#model.device };
      const forward = () => this.#model.loss(tensor(inputs, place), tensor(targets, place));
      const mean = this.#dtype === 'float32' ? forward() : autocast(this.#dtype, forward);
      const loss = this.#group ? mean.mul(1 / this.#group.size) : mean;
      loss.backward();
      return loss;
    });
    this.#group?.reduceGradients(this.#model.namedParameters().map(([, parameter]) => parameter));
    clipGradNorm(this.#model.namedParameters(), CLIP).dispose();
    this.#optimizer.step();
    this.#optimizer.zeroGrad();
    return loss;
  }

  #batch(index) {
    const [rows, length] = this.#shape;
    const { rank, size } = this.#group ?? { rank: 0, size: 1 };
    const [own, half] = [rows * length, size * rows * length];
    const first = ((index * 2 * half) % this.#tokens.length) + rank * own;
    return [0, half].map((shift) => this.#tokens.subarray(first + shift, first + shift + own));
  }
}
