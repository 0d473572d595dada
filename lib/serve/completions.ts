import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { score } from '../generate/index.js';
import { type AnswerFormat, answer, type ChoiceContent } from './answer.js';
import { badRequest } from './api-error.js';
import { clientOf } from './auth.js';
import { checkSize } from './check-size.js';
import { ChoiceText } from './choice-text.js';
import { encodeInputs, isTextOrTokens, type TextOrTokens } from './prompt-tokens.js';
import { parseBody, samplingFields, unsupportedSampling } from './request-fields.js';
import { watchRequest } from './request-life.js';
import type { ServedModel } from './served-model.js';
import type { Service } from './service.js';

/** Where a request does not say how many tokens it wants, as in OpenAI's protocol. */
const DEFAULT_MAX_TOKENS = 16;

const schema = z.strictObject({
  ...samplingFields,
  prompt: z.custom<TextOrTokens>(isTextOrTokens, 'a text, token ids, or a list of either'),
  max_tokens: z.int().min(0).nullish(),
  logprobs: z.int().min(0).max(20).nullish(),
  echo: z.boolean().nullish(),
});

const unsupported = { ...unsupportedSampling, best_of: [1], suffix: [''] };

/** `POST /v1/completions` */
export async function completions(service: Service, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const fields = parseBody(schema, request.body, unsupported);
  const served = service.model(fields.model);
  const inputs = await encodeInputs(served, fields.prompt, { param: 'prompt', most: service.limits.choices });
  const maxNewTokens = fields.max_tokens ?? DEFAULT_MAX_TOKENS;
  const echo = fields.echo === true;
  if (maxNewTokens === 0 && !echo) throw badRequest('max_tokens is 0; allowed: from 1, or 0 with echo', 'max_tokens');
  const logProbs = fields.logprobs != null;
  const prompts = inputs.map(({ tokens }) => tokens);
  const topLogProbs = fields.logprobs ?? 0;
  const client = clientOf(request, fields.user);
  const question = { served, prompts, fields, maxNewTokens, ends: served.ends, logProbs, topLogProbs, client };
  checkSize(service, question);
  const echoes = echo ? await echoPrompts(service, served, { inputs, logProbs, reply }) : [];
  const n = fields.n ?? 1;
  const format = completionFormat(served, { logProbs, echoOf: (index) => echoes[Math.floor(index / n)] });
  return answer(service, reply, question, format);
}

/** A prompt as the beginning of its completion. */
interface Echo {
  text: string;
  logprobs: LogProbs | null;
}

interface LogProbs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[] | null;
  text_offset: number[];
}

function completionFormat(
  served: ServedModel,
  { logProbs, echoOf }: { logProbs: boolean; echoOf: (index: number) => Echo | undefined },
): AnswerFormat {
  const piece = ({ index, text, tokens, finishReason }: ChoiceContent) => {
    const shift = echoOf(index)?.text.length ?? 0;
    const logprobs = logProbs ? logProbsOf(served, tokens, shift) : null;
    return { index, text, logprobs, finish_reason: finishReason };
  };
  return {
    prefix: 'cmpl',
    object: 'text_completion',
    pieceObject: 'text_completion',
    openings(index) {
      const echo = echoOf(index);
      return echo ? [{ index, ...echo, finish_reason: null }] : [];
    },
    piece,
    choice(content) {
      const own = piece(content);
      const echo = echoOf(content.index);
      if (echo === undefined) return own;
      return { ...own, text: echo.text + own.text, logprobs: joined(echo.logprobs, own.logprobs) };
    },
  };
}

function logProbsOf(served: ServedModel, tokens: ChoiceContent['tokens'], shift: number): LogProbs {
  return {
    tokens: tokens.map(({ token }) => served.decode([token])),
    token_logprobs: tokens.map(({ logProb = null }) => logProb),
    // As in OpenAI's protocol the drawn token is always among them: there may be one more than was asked for.
    // Where several tokens have the same text, the most probable one counts.
    top_logprobs: tokens.map(({ token, logProb, topLogProbs }) => {
      const drawn = logProb === undefined ? [] : [{ token, logProb }];
      return Object.fromEntries(
        [...drawn, ...topLogProbs.toReversed()].map((each) => [served.decode([each.token]), each.logProb]),
      );
    }),
    text_offset: tokens.map(({ offset }) => shift + offset),
  };
}

function joined(a: LogProbs | null, b: LogProbs | null): LogProbs | null {
  if (a === null || b === null) return b;
  return {
    tokens: [...a.tokens, ...b.tokens],
    token_logprobs: [...a.token_logprobs, ...b.token_logprobs],
    top_logprobs: [...(a.top_logprobs ?? []), ...(b.top_logprobs ?? [])],
    text_offset: [...a.text_offset, ...b.text_offset],
  };
}

interface EchoRequest {
  inputs: readonly { text: string | undefined; tokens: readonly number[] }[];
  logProbs: boolean;
  reply: FastifyReply;
}

async function echoPrompts(
  service: Service,
  served: ServedModel,
  { inputs, logProbs, reply }: EchoRequest,
): Promise<Echo[]> {
  const life = watchRequest(reply, service.limits.requestTimeout, service.shutdown);
  try {
    const echoes: Echo[] = [];
    for (const { text, tokens } of inputs) {
      const whole = text ?? served.decode([...tokens]);
      const scored = logProbs ? await service.places.use(life.signal, () => score(served.gpt, tokens)) : undefined;
      if (scored) service.reportSuccess();
      echoes.push({ text: whole, logprobs: scored ? promptLogProbs(served, tokens, scored.logProbs) : null });
    }
    return echoes;
  } finally {
    life.end();
  }
}

/** The first token has no probability: nothing comes before it. What else was probable is not told for prompts. */
function promptLogProbs(served: ServedModel, tokens: readonly number[], logProbs: readonly number[]): LogProbs {
  // As an answer's: several tokens may make one character.
  const text = new ChoiceText(served.decode, []);
  const told = [...tokens.flatMap((token) => text.push(token).tokens), ...text.end().tokens];
  return {
    tokens: tokens.map((token) => served.decode([token])),
    token_logprobs: [null, ...logProbs],
    top_logprobs: tokens.map(() => null),
    text_offset: told.map(({ offset }) => offset),
  };
}
