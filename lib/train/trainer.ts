import { GptorchError } from '../errors.js';
import { AdamW, type NamedParameters } from '../optim/index.js';
import { engine } from '../tensor/index.js';
import type { Batch } from './batch.js';
import { CapturedSteps } from './captured-steps.js';
import type { StopReason, TrainSummary } from './events.js';
import { createSchedule, type Schedule } from './schedule.js';
import { queueStep } from './step.js';
import { StepsUnderWay } from './steps-under-way.js';
import { Stopwatch } from './stopwatch.js';
import type { Evaluation, TrainerOptions } from './trainer-options.js';
import { initialState, type TrainerState } from './trainer-state.js';

/** Steps queued before the loss of the oldest is waited for: the engine always has the next one at hand. */
const STEPS_AHEAD = 2;

/**
 * Trains a model: gradient accumulation, clipping, AdamW on a schedule, validations, checkpoints. Randomness is a
 * function of seed and step, and the data has a state, so a resumed run goes on exactly as if it had not been stopped.
 */
export class Trainer<B extends Batch> {
  readonly optimizer: AdamW;
  readonly #options: TrainerOptions<B>;
  readonly #parameters: NamedParameters;
  readonly #schedule: Schedule;
  readonly #whole = new Stopwatch();
  readonly #training = new Stopwatch();
  readonly #underWay: StepsUnderWay;
  readonly #captured: CapturedSteps<B> | undefined;
  #state = initialState();
  #savedAt: number | undefined;

  constructor(options: TrainerOptions<B>) {
    this.#options = options;
    const { lr, minLr, schedule: kind, warmupSteps, decaySteps, betas, eps, weightDecay } = options.config;
    const decayEnd = options.config.decayEnd ?? options.config.steps;
    this.#schedule = createSchedule({ kind, lr, minLr, warmupSteps, decayEnd, decaySteps });
    this.#parameters = [...(options.parameters ?? options.model.namedParameters())];
    this.optimizer = new AdamW(this.#parameters, { lr, betas, eps, weightDecay });
    this.#captured = this.#captures ? new CapturedSteps() : undefined;
    this.#underWay = new StepsUnderWay((metrics, tokens) => {
      this.#state.trainLoss = metrics.trainLoss;
      return options.onEvent?.({ type: 'step', tokens, metrics: { ...metrics, seconds: this.#seconds } });
    });
  }

  /** All that a resumed run needs besides tensors. */
  state(): TrainerState {
    return { ...this.#state, seconds: this.#seconds, data: this.#options.data.state() };
  }

  /** Goes on from `state`. The tensors of model and optimizer are the caller's to load. */
  restore(state: TrainerState): void {
    this.#state = { ...initialState(), ...state };
    this.#savedAt = state.step;
    this.#options.data.restore(state.data);
    this.optimizer.restoreSteps(state.step);
  }

  /**
   * Runs until all steps are done, `maxMinutes` or `patience` is over or `signal` is aborted; a checkpoint is left in each case.
   * @throws GptorchError `ERR_DIVERGED` when loss or gradient is not finite; the last checkpoint stays as it is.
   */
  async run(signal?: AbortSignal): Promise<TrainSummary> {
    const { config, data, model, onEvent } = this.#options;
    const saveEvery = config.saveEvery ?? config.evalEvery;
    const firstToken = this.#state.tokens;
    await onEvent?.({ type: 'begin', step: this.#state.step, steps: config.steps });
    engine.seed(config.seed);
    model.train();
    this.#whole.start();
    // From here on the run can be resumed, whenever it is killed.
    if (this.#savedAt === undefined) await this.#save();
    const batches = data[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { step } = this.#state;
        if (step >= config.steps || (signal?.aborted !== true && step % config.evalEvery === 0))
          await this.#validate(signal);
        const stopped = this.#stopReason(signal);
        if (stopped !== undefined || step % saveEvery === 0) await this.#save();
        if (stopped !== undefined) return await this.#summary(stopped, firstToken);
        await this.#step(batches);
      }
    } finally {
      this.#captured?.dispose();
    }
  }

  #stopReason(signal: AbortSignal | undefined): StopReason | undefined {
    const { steps, patience, maxMinutes = Number.POSITIVE_INFINITY } = this.#options.config;
    if (this.#state.step >= steps) return 'steps';
    if (signal?.aborted === true) return 'signal';
    if (patience !== undefined && this.#state.validationsSinceBest >= patience) return 'patience';
    return this.#whole.seconds >= maxMinutes * 60 ? 'time' : undefined;
  }

  async #step(data: AsyncIterator<B>): Promise<void> {
    const { config, objective } = this.#options;
    const index = this.#state.step;
    const batches: B[] = [];
    while (batches.length < config.accumulate) {
      const next = await data.next();
      if (next.done === true) throw new GptorchError('ERR_DATA', `the training data ended at step ${index}`);
      batches.push(next.value);
    }
    this.#training.start();
    engine.setStep(index);
    const lr = this.#schedule(index);
    const [optimizer, parameters, clip] = [this.optimizer, this.#parameters, config.clip];
    const options = { batches, objective, optimizer, parameters, lr, clip };
    const step = await (this.#captured?.queue(options) ?? queueStep(options));
    this.#state.step = index + 1;
    this.#state.tokens += step.tokens;
    this.#underWay.add({ step, index, lr, tokensSoFar: this.#state.tokens });
    await this.#underWay.readDownTo(STEPS_AHEAD);
  }

  async #validate(signal: AbortSignal | undefined): Promise<void> {
    const { validate, rank = lowestLoss, model, saveBest, onEvent } = this.#options;
    const { step, validatedAt, bestRank, validationsSinceBest } = this.#state;
    if (validate === undefined || validatedAt === step) return;
    await this.#pause();
    model.eval();
    const evaluation = await validate(signal);
    model.train();
    if (evaluation === undefined) return;
    const { loss: valLoss, scores } = evaluation;
    const ranked = rank(evaluation);
    const isBest = ranked > (bestRank ?? Number.NEGATIVE_INFINITY);
    Object.assign(this.#state, { valLoss, validatedAt: step, validationsSinceBest: validationsSinceBest + 1 });
    if (isBest) {
      Object.assign(this.#state, { bestValLoss: valLoss, bestStep: step, bestRank: ranked, validationsSinceBest: 0 });
      await saveBest?.();
    }
    await onEvent?.({ type: 'validation', metrics: { step, valLoss, scores, seconds: this.#seconds }, isBest });
  }

  async #save(): Promise<void> {
    const { saveCheckpoint, saveBest, validate, onEvent } = this.#options;
    const { step } = this.#state;
    if (saveCheckpoint === undefined || step === this.#savedAt) return;
    await this.#pause();
    if (validate === undefined) await saveBest?.();
    const path = await saveCheckpoint(this);
    this.#savedAt = step;
    await onEvent?.({ type: 'checkpoint', step, path });
  }

  /** Every step that was begun is done and found finite, and its loss is told. */
  async #pause(): Promise<void> {
    await this.#underWay.readDownTo(0);
    this.#training.stop();
  }

  async #summary(stopped: StopReason, firstToken: number): Promise<TrainSummary> {
    await this.#pause();
    const { data: _, validatedAt: __, bestRank: ___, validationsSinceBest: ____, ...numbers } = this.#state;
    const tokensPerSecond = this.#training.seconds > 0 ? (numbers.tokens - firstToken) / this.#training.seconds : 0;
    return { stopped, ...numbers, seconds: this.#seconds, tokensPerSecond };
  }

  get #captures(): boolean {
    const { capture } = this.#options.config;
    const device = [...this.#parameters][0]?.[1].device ?? 'cpu';
    return capture === 'on' || (capture === 'auto' && engine.hasGraphs(device));
  }

  get #seconds(): number {
    return this.#state.seconds + this.#whole.seconds;
  }
}

function lowestLoss({ loss }: Evaluation): number {
  return -loss;
}
