// The training loop as a user of gptorch writes it.
import { gptorch } from './machine.mjs';
import { CLIP } from './sizes.mjs';

const { AdamW, clipGradNorm, engine, scope, tensor } = gptorch;
/** Steps queued beyond the one whose loss is awaited, as the trainer does. */
const STEPS_AHEAD = 2;

export class TrainingLoop {
  #model;
  #optimizer;
  #tokens;
  #shape;
  #steps = 0;

  /**
   * @param {object} parts
   * @param {BigInt64Array} parts.tokens inputs and targets (…, 2, batch, contextLength); the steps go round them
   */
  constructor({ model, optimizer, tokens, batch }) {
    this.#model = model.train();
    this.#optimizer = new AdamW(model.namedParameters(), optimizer);
    this.#tokens = tokens;
    this.#shape = [batch, model.config.contextLength];
  }

  /** @returns {Promise<number[]>} the losses, once all is done that belongs to the steps */
  async run(steps) {
    const losses = [];
    for (let step = 0; step < steps; step++) {
      losses.push(this.#step());
      await losses.at(-1 - STEPS_AHEAD)?.item();
    }
    const values = await Promise.all(losses.map((loss) => loss.item()));
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
      const shape = this.#shape;
      const loss = this.#model.loss(tensor(inputs, { shape }), tensor(targets, { shape }));
      loss.backward();
      return loss;
    });
    clipGradNorm(this.#model.namedParameters(), CLIP).dispose();
    this.#optimizer.step();
    this.#optimizer.zeroGrad();
    return loss;
  }

  #batch(index) {
    const [rows, length] = this.#shape;
    const half = rows * length;
    const first = (index * 2 * half) % this.#tokens.length;
    return [this.#tokens.subarray(first, first + half), this.#tokens.subarray(first + half, first + 2 * half)];
  }
}
