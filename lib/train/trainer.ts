import { parseTrainConfig, type TrainConfig } from '../config/index.js';
import { seedOfRank } from '../distributed/index.js';
import { GptorchError, InputError } from '../errors.js';
import { AdamW, type NamedParameters } from '../optim/index.js';
import { engine } from '../tensor/index.js';
import type { Batch } from './batch.js';
import { CapturedSteps } from './captured-steps.js';
import type { StopReason, TrainSummary } from './events.js';
import { createSchedule, type Schedule } from './schedule.js';
import { queueStep } from './step.js';
import { StepsUnderWay } from './steps-under-way.js';
import { StopVote } from './stop-vote.js';
import { Stopwatch } from './stopwatch.js';
import type { Evaluation, TrainerOptions } from './trainer-options.js';
import { initialState, ranksAbove, type TrainerState } from './trainer-state.js';

/** Steps queued before the loss of the oldest is waited for: the engine always has the next one at hand. */
const STEPS_AHEAD = 2;

/**
 * Trains a model: gradient accumulation, clipping, AdamW on a schedule, validations, checkpoints. Randomness is a
 * function of seed and step, and the data has a state, so a resumed run goes on exactly as if it had not been stopped.
 */
export class Trainer<B extends Batch> {
  readonly optimizer: AdamW;
  readonly #options: TrainerOptions<B> & { config: TrainConfig };
  readonly #parameters: NamedParameters;
  readonly #schedule: Schedule;
  readonly #whole = new Stopwatch();
  readonly #training = new Stopwatch();
  readonly #underWay: StepsUnderWay;
  readonly #stopVote: StopVote;
  readonly #captured: CapturedSteps<B> | undefined;
  #state = initialState();
  #savedAt: number | undefined;

  /** @throws InputError for a wrong configuration, ArgumentError when there is no parameter */
  constructor(options: TrainerOptions<B>) {
    const config = parseTrainConfig(options.config);
    this.#options = { ...options, config };
    this.#stopVote = new StopVote(options.group);
    const { lr, minLr, schedule: kind, warmupSteps, decaySteps, betas, eps, weightDecay } = config;
    const decayEnd = config.decayEnd ?? config.steps;
    this.#schedule = createSchedule({ kind, lr, minLr, warmupSteps, decayEnd, decaySteps });
    this.#parameters = [...(options.parameters ?? options.model.namedParameters())];
    this.optimizer = new AdamW(this.#parameters, { lr, betas, eps, weightDecay });
    this.#captured = this.#captures ? new CapturedSteps() : undefined;
    this.#underWay = new StepsUnderWay((result, tokens, votes) => {
      this.#state.trainLoss = result.trainLoss;
      this.#state.tokens += tokens;
      this.#stopVote.count(votes);
      const metrics = { ...result, tokens: this.#state.tokens, seconds: this.#seconds };
      return options.onEvent?.({ type: 'step', tokens, metrics });
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
   * With a `group` all ranks run, and stop, together; rank 0 saves.
   * @throws GptorchError `ERR_DIVERGED` when loss or gradient is not finite; the last checkpoint stays as it is.
   */
  async run(signal?: AbortSignal): Promise<TrainSummary> {
    const { config, data, model, group, onEvent } = this.#options;
    const saveEvery = config.saveEvery ?? config.evalEvery;
    const firstToken = this.#state.tokens;
    await onEvent?.({ type: 'begin', step: this.#state.step, steps: config.steps });
    engine.seed(seedOfRank(config.seed, group?.rank ?? 0));
    model.train();
    this.#whole.start();
    group?.broadcast([...model.namedParameters(), ...this.optimizer.namedState()].map(([, tensor]) => tensor));
    await this.#checkWeights();
    // From here on the run can be resumed, whenever it is killed.
    if (this.#savedAt === undefined) await this.#save();
    const batches = data[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { step } = this.#state;
        this.#wish(signal);
        if (step >= config.steps || (!this.#stopVote.result.signal && step % config.evalEvery === 0))
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

  #stopReason(abort: AbortSignal | undefined): StopReason | undefined {
    this.#wish(abort);
    const { config, validate } = this.#options;
    const { steps, patience } = config;
    const { signal, time } = this.#stopVote.result;
    const { step, validatedAt } = this.#state;
    // Without its last validation a run is not done: the best model may be the one that nobody has measured.
    if (step >= steps && (validate === undefined || validatedAt === step)) return 'steps';
    if (signal) return 'signal';
    if (patience !== undefined && this.#state.validationsSinceBest >= patience) return 'patience';
    return time ? 'time' : undefined;
  }

  #wish(abort: AbortSignal | undefined): void {
    const { maxMinutes = Number.POSITIVE_INFINITY } = this.#options.config;
    this.#stopVote.wish({ signal: abort?.aborted === true, time: this.#whole.seconds >= maxMinutes * 60 });
  }

  async #step(data: AsyncIterator<B | null>): Promise<void> {
    const { config, objective, group } = this.#options;
    const index = this.#state.step;
    const batches: B[] = [];
    for (let i = 0; i < config.accumulate; i++) {
      const next = await data.next();
      if (next.done === true) throw new GptorchError('ERR_DATA', `the training data ended at step ${index}`);
      if (next.value !== null) batches.push(next.value);
    }
    this.#training.start();
    engine.setStep(index);
    const lr = this.#schedule(index);
    const [optimizer, parameters, clip] = [this.optimizer, this.#parameters, config.clip];
    const options = { batches, objective, optimizer, parameters, lr, clip, group, votes: this.#stopVote.votes };
    const step = await (this.#captured?.queue(options) ?? queueStep(options));
    this.#state.step = index + 1;
    this.#underWay.add({ step, index, lr });
    await this.#underWay.readDownTo(STEPS_AHEAD);
  }

  async #validate(signal: AbortSignal | undefined): Promise<void> {
    const { validate, rank = lowestLoss, ranksInitial = true, model, saveBest, onEvent } = this.#options;
    const { step, validatedAt, bestRank, validationsSinceBest } = this.#state;
    if (validate === undefined || validatedAt === step) return;
    await this.#pause();
    model.eval();
    const evaluation = await validate(signal);
    model.train();
    if (evaluation === undefined) {
      this.#stopVote.decide('signal'); // on all ranks
      return;
    }
    const { loss: valLoss, scores } = evaluation;
    const ranked = rank(evaluation);
    const competes = step > 0 || ranksInitial;
    const isBest = competes && ranksAbove(ranked, bestRank);
    const sinceBest = validationsSinceBest + (competes ? 1 : 0);
    Object.assign(this.#state, { valLoss, validatedAt: step, validationsSinceBest: sinceBest });
    // A resumed run that was stopped before it: the checkpoint is to have it. Step 0's is not worth a second checkpoint.
    if (step > 0) this.#savedAt = undefined;
    if (isBest) {
      Object.assign(this.#state, { bestValLoss: valLoss, bestStep: step, bestRank: ranked, validationsSinceBest: 0 });
      if (this.#isFirst) await saveBest?.();
    }
    await onEvent?.({ type: 'validation', metrics: { step, valLoss, scores, seconds: this.#seconds }, isBest });
  }

  async #save(): Promise<void> {
    const { saveCheckpoint, saveBest, validate, onEvent } = this.#options;
    const { step } = this.#state;
    if (saveCheckpoint === undefined || step === this.#savedAt) return;
    await this.#pause();
    await this.#checkWeights();
    this.#savedAt = step;
    if (!this.#isFirst) return;
    if (validate === undefined) await saveBest?.();
    const path = await saveCheckpoint(this);
    await onEvent?.({ type: 'checkpoint', step, path });
  }

  /** @throws ProcessGroupError when the ranks have come to different weights. */
  async #checkWeights(): Promise<void> {
    const { group, model } = this.#options;
    const weights = model.namedParameters().map(([, parameter]) => parameter);
    await group?.checkSame(weights, `the weights after step ${this.#state.step}`);
  }

  /** Whether this process writes the run's files. */
  get #isFirst(): boolean {
    return (this.#options.group?.rank ?? 0) === 0;
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
    const { config, group } = this.#options;
    const { capture } = config;
    if (group !== undefined) {
      if (capture !== 'on') return false;
      throw new InputError('train.capture is "on"; steps of several processes are not recorded: "auto" or "off"');
    }
    const device = [...this.#parameters][0]?.[1].device ?? 'cpu';
    return capture === 'on' || (capture === 'auto' && engine.hasGraphs(device));
  }

  get #seconds(): number {
    return this.#state.seconds + this.#whole.seconds;
  }
}

function lowestLoss({ loss }: Evaluation): number[] {
  return [-loss];
}
