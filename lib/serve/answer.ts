import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { TextToken } from './choice-text.js';
import { type ChoiceEvent, generateChoices } from './choices.js';
import { sendEvents } from './event-stream.js';
import { type SamplingFields, samplingOf, stopsOf } from './request-fields.js';
import { watchRequest } from './request-life.js';
import type { ServedModel } from './served-model.js';
import type { Service } from './service.js';

/** One choice, or a piece of one, before it has a format. */
export interface ChoiceContent {
  index: number;
  text: string;
  tokens: readonly TextToken[];
  finishReason: 'stop' | 'length' | null;
}

/** How an endpoint writes what was generated. */
export interface AnswerFormat {
  /** Of the answer's id. */
  prefix: string;
  /** The `object` field of a whole answer, and of a streamed piece. */
  object: string;
  pieceObject: string;
  /** What a choice says before its first token, as the pieces of a stream; nothing by default. */
  openings?: (index: number) => object[];
  choice: (content: ChoiceContent) => object;
  piece: (content: ChoiceContent) => object;
}

/** What is to be answered. */
export interface Question {
  served: ServedModel;
  prompts: readonly (readonly number[])[];
  fields: SamplingFields;
  /** For each choice; 0 makes none. */
  maxNewTokens: number;
  /** Ids that end a text, beside stop strings. */
  ends: readonly number[];
  logProbs: boolean;
  topLogProbs: number;
  client: string;
}

/** Generates, and replies with the whole answer or a stream of its pieces. The question is one that `checkSize` let pass. */
export async function answer(
  service: Service,
  reply: FastifyReply,
  question: Question,
  format: AnswerFormat,
): Promise<unknown> {
  const { served, prompts, fields } = question;
  const n = fields.n ?? 1;
  const { requestTimeout, waitTimeout, stallTimeout } = service.limits;
  const life = watchRequest(reply, requestTimeout, service.shutdown);
  const promptTokens = prompts.reduce((sum, prompt) => sum + prompt.length, 0);
  const counted = service.metrics.generation(served.name, promptTokens);
  let [completionTokens, cachedTokens] = [0, 0];
  const head = { id: `${format.prefix}-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model: served.name };
  const usage = () => ({
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  });
  const events =
    question.maxNewTokens === 0
      ? nothing(prompts.length * n)
      : generateChoices(served, prompts, {
          ...samplingOf(fields),
          ...{ n, maxNewTokens: question.maxNewTokens, stop: question.ends, stops: stopsOf(fields) },
          ...{ logProbs: question.logProbs, topLogProbs: question.topLogProbs },
          ...{ client: question.client, signal: life.signal, waitTimeout },
          onBegin: (prompt) => {
            cachedTokens += prompt.cachedTokens;
          },
          onToken: () => {
            completionTokens++;
            counted.token();
            service.reportSuccess();
          },
        });
  const end = () => {
    life.end();
    counted.end();
  };
  try {
    if (fields.stream !== true) {
      const choices = await collect(events, prompts.length * n);
      end();
      return { ...head, object: format.object, choices: choices.map(format.choice), usage: usage() };
    }
    // What is refused before the first token still gets a status.
    const first = await events.next();
    const withUsage = fields.stream_options?.include_usage === true;
    const piece = (choice: object) => ({
      ...{ ...head, object: format.pieceObject, choices: [choice] },
      ...(withUsage && { usage: null }),
    });
    const pieces = async function* () {
      for (let index = 0; index < prompts.length * n; index++) yield* (format.openings?.(index) ?? []).map(piece);
      if (!first.done && saysSomething(first.value)) yield piece(format.piece(first.value));
      for await (const event of events) if (saysSomething(event)) yield piece(format.piece(event));
      if (withUsage) yield { ...head, object: format.pieceObject, choices: [], usage: usage() };
    };
    return sendEvents(reply, pieces(), { stallTimeout, onEnd: end, onError: (error) => service.reportFailure(error) });
  } catch (error) {
    end();
    throw error;
  }
}

/** A token may be a part of a character, or of what may become a stop string. */
function saysSomething({ text, tokens, finishReason }: ChoiceEvent): boolean {
  return text !== '' || tokens.length > 0 || finishReason !== null;
}

async function collect(events: AsyncIterable<ChoiceEvent>, count: number): Promise<ChoiceContent[]> {
  const choices = Array.from({ length: count }, (_, index) => ({
    ...{ index, text: '', tokens: [] as TextToken[] },
    finishReason: 'length' as ChoiceContent['finishReason'],
  }));
  for await (const { index, text, tokens, finishReason } of events) {
    const choice = choices[index];
    if (choice === undefined) continue;
    choice.text += text;
    choice.tokens.push(...tokens);
    if (finishReason) choice.finishReason = finishReason;
  }
  return choices;
}

async function* nothing(count: number): AsyncGenerator<ChoiceEvent, void, undefined> {
  for (let index = 0; index < count; index++) yield { index, text: '', tokens: [], finishReason: 'length' };
}
