import { InputError } from '../errors.js';
import { GPT, type GPTLoadOptions } from '../model/index.js';
import { Generator, type Tensor } from '../tensor/index.js';
import { loadTaskModel, saveTaskModel } from './directory.js';
import type { TaskBatch } from './task-batch.js';
import { parseTaskConfig, type TaskConfig, type TaskConfigInput } from './task-config.js';
import { TaskHead } from './task-head.js';

/** Sets the head's random numbers apart from those of the language model of the same seed. */
const HEAD_STEP = 1;

/** A pretrained language model with the head of a task. */
export class TaskModel {
  /** Owned: freed by `dispose`. */
  readonly gpt: GPT;
  /** What answers, from the extract tokens' hidden states. */
  readonly head: TaskHead;
  /** With every default filled in. */
  readonly config: TaskConfig;

  /**
   * @param gpt belongs to the task model from now on
   * `seed`: of the head's initial weights, N(0, 0.02). Default 0.
   * @throws InputError for a wrong configuration, or a `maxLength` beyond the context
   */
  constructor(gpt: GPT, config: TaskConfigInput, { seed = 0 }: { seed?: number } = {}) {
    this.config = parseTaskConfig(config);
    const { contextLength } = gpt.config;
    if (this.config.maxLength > contextLength) {
      throw new InputError(
        `task: maxLength is ${this.config.maxLength}; allowed: up to the context of ${contextLength}`,
      );
    }
    this.gpt = gpt;
    const generator = new Generator(seed);
    generator.setStep(HEAD_STEP);
    const { device } = gpt;
    const { width, initStd } = gpt.config;
    this.head = new TaskHead(this.config, width, { device, initStd, generator });
  }

  /** Opens a fine-tuned model directory, in evaluation mode. @throws InputError naming what is wrong, or that it has no head */
  static load(directory: string, options: GPTLoadOptions = {}): Promise<TaskModel> {
    return loadTaskModel(
      directory,
      (config) => new GPT(config, { ...options, initialize: false }),
      (gpt, task) => new TaskModel(gpt, task),
    );
  }

  /** Writes `config.json` and `model.safetensors`: the language model's, with the task and the head in them. */
  save(directory: string): Promise<void> {
    return saveTaskModel(directory, this);
  }

  /** Dropout is on. */
  get training(): boolean {
    return this.gpt.training;
  }

  /** "cpu" or "cuda:N". */
  get device(): string {
    return this.gpt.device;
  }

  /** The language model's parameters under their names, `head.weight` and `head.bias`. */
  namedParameters(): [name: string, parameter: Tensor][] {
    return [...this.gpt.namedParameters(), ...this.head.namedParameters()];
  }

  /** Those that training changes: all but what `gpt.freeze` holds. */
  trainedParameters(): [name: string, parameter: Tensor][] {
    return [...this.gpt.trainedParameters(), ...this.head.namedParameters()];
  }

  /** What the head makes of a batch: see TaskHead.logits. */
  forward(batch: TaskBatch): Tensor {
    return this.answer(this.gpt.hidden(batch.tokens), batch);
  }

  /** The same from hidden states (S, T, width), found by the extract tokens' places: padding is not looked at. */
  answer(hidden: Tensor, batch: Pick<TaskBatch, 'extracts' | 'choices' | 'exampleCount'>): Tensor {
    const width = this.gpt.config.width;
    const extracts = hidden.reshape(-1, width).indexSelect(0, batch.extracts); // (S, width)
    return this.head.logits(extracts, batch, this.training);
  }

  /** Dropout on. */
  train(): this {
    this.gpt.train();
    return this;
  }

  /** Dropout off. */
  eval(): this {
    this.gpt.eval();
    return this;
  }

  /** Frees every parameter, those of the language model too. */
  dispose(): void {
    this.gpt.dispose();
    this.head.dispose();
  }
}
