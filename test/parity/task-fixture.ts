import { assemble, type EncodedExample, type Task } from '../../lib/data/index.js';
import { answerKind, makeTaskBatch, type TaskBatch, TaskModel } from '../../lib/heads/index.js';
import { GPT } from '../../lib/model/index.js';
import { device } from './device.js';
import { type Fixture, loadFixture, modelDirectory } from './fixture.js';
import { toTensor } from './support.js';

type Ids = readonly number[];

interface Parts {
  text?: Ids;
  premise?: Ids;
  hypothesis?: Ids;
  a?: Ids;
  b?: Ids;
  context?: Ids;
  choices?: readonly Ids[];
}

/** What `scripts/reference` says of a task's fixture: examples as token ids, to be assembled here. */
export interface TaskManifest {
  model: string;
  task: 'classification' | 'entailment' | 'similarity' | 'score' | 'multiple_choice';
  labels: string[];
  special: { start: number; delimiter: number; extract: number };
  maxLength: number;
  lambda: number;
  examples: { parts: Parts; label?: number; score?: number }[];
  /** Examples with a part that was cut. */
  cut: number;
  microBatches: number[][];
  steps: number[][];
  /** Parameters by kind of gradient whose gradient is zero in exact arithmetic, as nothing depends on them. */
  trulyZero: Record<string, string[]>;
  optimizer: { lr: number; betas: [number, number]; eps: number; weightDecay: number };
  maxNorm: number;
}

export interface TaskFixture {
  fixture: Fixture;
  manifest: TaskManifest;
  examples: EncodedExample[];
  /** The tiny language model with the fixture's head. */
  load(): Promise<TaskModel>;
  batch(model: TaskModel, indices?: readonly number[]): TaskBatch;
}

export function loadTaskFixture(name: string, headAt: 'parameters' | 'initial' = 'parameters'): TaskFixture {
  const fixture = loadFixture(`tasks/${name}`);
  const manifest = fixture.manifest as unknown as TaskManifest;
  const { special, maxLength } = manifest;
  const bothOrders = taskName(manifest.task) === 'similarity';
  const examples = manifest.examples.map(({ parts, label, score }): EncodedExample => {
    return {
      ...assemble(sequencesOf(parts), { ...special, maxLength, bothOrders }),
      answer: label ?? score ?? Number.NaN,
    };
  });
  return {
    fixture,
    manifest,
    examples,
    async load() {
      const gpt = await GPT.load(modelDirectory(manifest.model.replace('models/', '')), { device });
      const labels = manifest.labels.length > 0 ? manifest.labels : undefined;
      const model = new TaskModel(gpt, { task: taskName(manifest.task), labels, maxLength, dropout: 0 });
      for (const [key, parameter] of model.head.namedParameters())
        parameter.copyFrom(toTensor(fixture.get(headAt, key)));
      return model;
    },
    batch(model, indices = examples.map((_, i) => i)) {
      const chosen = indices.flatMap((index) => examples[index] ?? []);
      return makeTaskBatch(chosen, { answer: answerKind(model.config), device });
    },
  };
}

function taskName(name: TaskManifest['task']): Task {
  if (name === 'multiple_choice') return 'multiple-choice';
  return name === 'score' ? 'similarity' : name;
}

function sequencesOf({ text, premise, hypothesis, a, b, context, choices }: Parts): Ids[][] {
  if (text) return [[text]];
  if (premise && hypothesis) return [[premise, hypothesis]];
  if (a && b) return [[a, b]];
  if (context && choices) return choices.map((choice) => [context, choice]);
  throw new Error('an example of no known task');
}
