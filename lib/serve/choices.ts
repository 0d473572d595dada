import { EventQueue } from '../decode/event-queue.js';
import type { GeneratedToken, SamplesOptions } from '../decode/index.js';
import { overloaded } from './api-error.js';
import { type ChoiceNews, ChoiceText } from './choice-text.js';
import type { ServedModel } from './served-model.js';

/** What happened to one choice. */
export interface ChoiceEvent extends ChoiceNews {
  /** Of the choice: those of the first prompt come first. */
  index: number;
  /** Set on its last event. */
  finishReason: 'stop' | 'length' | null;
}

/** How several prompts are continued. */
export interface ChoiceRequest extends SamplesOptions {
  n: number;
  signal: AbortSignal;
  /** The text ends before any of them; nothing more of that choice is computed. */
  stops: readonly string[];
  /**
   * Called for each token when it comes, those cut off with a stop string too, not for those that were on their way behind
   * it: what `usage` counts.
   */
  onToken: () => void;
}

/**
 * Continues each prompt `n` times, all at once, and tells what comes as it comes. Leaving the loop, or aborting, ends
 * everything.
 * @throws the signal's reason where it is aborted; errors of the decoder
 */
export async function* generateChoices(
  served: ServedModel,
  prompts: readonly (readonly number[])[],
  request: ChoiceRequest,
): AsyncGenerator<ChoiceEvent, void, undefined> {
  const controller = new AbortController();
  const abort = () => controller.abort(request.signal.reason);
  request.signal.addEventListener('abort', abort, { once: true });
  const events = new EventQueue<ChoiceEvent>();
  const { signal } = controller;
  if (request.signal.aborted) abort();
  const runs = prompts.map((prompt, i) =>
    continuePrompt(served, prompt, i * request.n, { ...request, signal }, (event) => events.push([event])).catch(
      (error) => events.push([], error),
    ),
  );
  try {
    let open = prompts.length * request.n;
    while (open > 0) {
      for (const event of await events.take()) {
        if (event.finishReason !== null) open--;
        yield event;
      }
    }
  } finally {
    request.signal.removeEventListener('abort', abort);
    controller.abort();
    await Promise.all(runs);
  }
}

async function continuePrompt(
  served: ServedModel,
  prompt: readonly number[],
  first: number,
  { stops, onToken, ...request }: ChoiceRequest,
  tell: (event: ChoiceEvent) => void,
): Promise<void> {
  const choices = Array.from({ length: request.n }, () => new ChoiceText(served.decode, stops));
  const isLast = ({ sample }: GeneratedToken) => choices[sample]?.stopped === true;
  const stream = served.gpt.stream(prompt, { ...request, isLast });
  try {
    while (true) {
      const next = await stream.next();
      if (next.done) {
        request.signal.throwIfAborted();
        finish(choices, next.value, first, tell);
        return;
      }
      const { sample, token, logProb, topLogProbs } = next.value;
      const choice = choices[sample];
      if (choice === undefined) continue;
      onToken();
      const news = choice.push(token, logProb, topLogProbs);
      tell({ index: first + sample, ...news, finishReason: choice.stopped ? 'stop' : null });
    }
  } finally {
    await stream.return([]);
  }
}

function finish(
  choices: readonly ChoiceText[],
  reasons: readonly string[],
  first: number,
  tell: (event: ChoiceEvent) => void,
): void {
  for (const [sample, choice] of choices.entries()) {
    if (choice.stopped) continue;
    const reason = reasons[sample];
    if (reason !== 'stop' && reason !== 'length') throw overloaded(`the text ended early: ${reason}`);
    const news = choice.end();
    tell({ index: first + sample, ...news, finishReason: choice.stopped ? 'stop' : reason });
  }
}
