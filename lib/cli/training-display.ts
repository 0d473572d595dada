import type { Share } from '../distributed/index.js';
import { engine } from '../tensor/index.js';
import { Progress, type TrainEvent, type TrainListener } from '../train/index.js';
import type { CommonOptions } from './common-options.js';
import { writeJsonLine } from './output.js';

/**
 * Shows a training run: progress on stderr and, with `--json`, each validation as a line on stdout. Of several ranks the
 * first shows it for all.
 */
export class TrainingDisplay {
  /** Whether this process is the one that tells. */
  readonly isShown: boolean;
  #progress: Progress | undefined;

  constructor(
    readonly options: CommonOptions,
    group?: Share,
  ) {
    this.isShown = group === undefined || group.rank === 0;
  }

  readonly listener: TrainListener = async (event) => {
    this.#show(event);
    if (this.isShown && this.options.json === true && event.type === 'validation')
      await writeJsonLine({ event: 'validation', ...event.metrics });
  };

  /** A line on stderr that does not disturb the bar. */
  note(text: string): void {
    if (this.#progress !== undefined) this.#progress.note(text);
    else if (this.options.quiet !== true) process.stderr.write(`${text}\n`);
  }

  end(): void {
    this.#progress?.end();
    this.#progress = undefined;
  }

  #show(event: TrainEvent): void {
    switch (event.type) {
      case 'begin':
        this.#progress = new Progress({
          steps: event.steps,
          firstStep: event.step,
          quiet: this.options.quiet === true,
        });
        break;
      case 'step': {
        const { step, trainLoss, lr } = event.metrics;
        const memoryBytes = engine.memory().peak;
        this.#progress?.update({ step: step + 1, trainLoss, lr, tokens: event.tokens, memoryBytes });
        break;
      }
      case 'validation':
        this.#progress?.skipTime();
        this.#progress?.update({ step: event.metrics.step, valLoss: event.metrics.valLoss });
        break;
      case 'checkpoint':
        this.#progress?.skipTime();
    }
  }
}
