import {
  addTaskTokens,
  decodeKnown,
  hasTokenizer,
  loadTokenizer,
  type TaskTokens,
  type Tokenizer,
} from '../data/index.js';
import { ArgumentError } from '../errors.js';
import { hasTask, TaskModel } from '../heads/index.js';
import { GPT, type GPTLoadOptions, readModelJson } from '../model/index.js';

/** The token that ends a turn of a dialogue. */
const SEPARATOR = '<sep>';
/** What ends a text, in GPT-2's vocabulary. */
const END_OF_TEXT = '<|endoftext|>';

/** A model to serve. */
export interface ModelToServe {
  /** What requests call it. */
  name: string;
  /** A language model, or one with a task's head. */
  model: GPT | TaskModel;
  /** Without one, prompts are token ids and so are the answers. */
  tokenizer?: Tokenizer | undefined;
}

/** A model with what requests need to know of it. */
export class ServedModel {
  readonly name: string;
  readonly gpt: GPT;
  readonly tokenizer: Tokenizer | undefined;
  /** With the tokens that frame a task's input. */
  readonly task: { model: TaskModel; tokens: TaskTokens } | undefined;
  /** The id of `<sep>`: what makes a model one of dialogues. */
  readonly separator: number | undefined;
  /** Ids that end a completion. */
  readonly ends: readonly number[];
  /** Seconds since 1970. */
  readonly created = Math.floor(Date.now() / 1000);

  /** @throws ArgumentError for an empty name, or a task model whose tokenizer lacks the task's tokens */
  constructor({ name, model, tokenizer }: ModelToServe) {
    if (name === '') throw new ArgumentError('a model to serve needs a name');
    this.name = name;
    this.tokenizer = tokenizer;
    this.gpt = 'gpt' in model ? model.gpt : model;
    if ('gpt' in model) this.task = { model, tokens: taskTokens(name, tokenizer) };
    this.separator = tokenizer?.tokenId(SEPARATOR);
    const end = tokenizer?.tokenId(END_OF_TEXT);
    this.ends = end === undefined ? [] : [end];
    model.eval();
  }

  /** Tokens as text; ids side by side where there is no tokenizer. */
  readonly decode = (tokens: number[]): string =>
    this.tokenizer ? decodeKnown(this.tokenizer, tokens) : tokens.map((id) => ` ${id}`).join('');

  /** As `/v1/models` tells it; `gptorch` is no part of OpenAI's protocol. */
  describe(): object {
    const { contextLength, vocabSize } = this.gpt.config;
    const about = {
      context_length: contextLength,
      vocabulary: vocabSize,
      parameters: this.gpt.parameterCount,
      chat: this.separator !== undefined,
      ...(this.task && { task: this.task.model.config.task, labels: this.task.model.config.labels }),
    };
    return { id: this.name, object: 'model', created: this.created, owned_by: 'gptorch', gptorch: about };
  }
}

function taskTokens(name: string, tokenizer: Tokenizer | undefined): TaskTokens {
  const tokens = tokenizer && addTaskTokens(tokenizer);
  if (tokens !== undefined && tokens.tokenizer === tokenizer) return tokens;
  throw new ArgumentError(`model ${name}: its tokenizer has no start, delimiter and extract tokens`);
}

/**
 * Opens a model directory to serve it: a language model's, or that of a fine-tuned one.
 * @throws InputError when it is none
 */
export async function openModel(name: string, directory: string, options: GPTLoadOptions = {}): Promise<ModelToServe> {
  const tokenizer = hasTokenizer(directory) ? await loadTokenizer(directory) : undefined;
  const isTask = hasTask(await readModelJson(directory));
  const model = isTask ? await TaskModel.load(directory, options) : await GPT.load(directory, options);
  return { name, model, tokenizer };
}
