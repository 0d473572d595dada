import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AnswerFormat, answer, type ChoiceContent } from './answer.js';
import { badRequest } from './api-error.js';
import { clientOf } from './auth.js';
import { chatPrompt, messagesSchema } from './chat-prompt.js';
import { checkSize } from './check-size.js';
import { parseBody, samplingFields, unsupportedSampling } from './request-fields.js';
import type { ServedModel } from './served-model.js';
import type { Service } from './service.js';

const schema = z.strictObject({
  ...samplingFields,
  messages: messagesSchema,
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
});

const unsupported = {
  ...unsupportedSampling,
  ...{ tools: [[]], tool_choice: ['none', 'auto'], parallel_tool_calls: [true, false] },
  ...{ functions: [[]], function_call: ['none', 'auto'] },
  ...{ response_format: [{ type: 'text' }], modalities: [['text']], audio: [], prediction: [] },
  ...{ reasoning_effort: [], verbosity: ['medium'], web_search_options: [] },
};

/** `POST /v1/chat/completions` */
export async function chatCompletions(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const fields = parseBody(schema, request.body, unsupported);
  const served = service.model(fields.model);
  const logProbs = fields.logprobs === true;
  const topLogProbs = fields.top_logprobs ?? 0;
  if (topLogProbs > 0 && !logProbs) throw badRequest('top_logprobs needs logprobs: true', 'top_logprobs');
  const wanted = fields.max_completion_tokens ?? fields.max_tokens ?? service.limits.defaultTokens;
  const { contextLength } = served.gpt.config;
  // An answer leaves at least half of the context to what it answers.
  const reserved = Math.min(wanted, Math.floor(contextLength / 2));
  const { systemMessages = 'refuse' } = service.options;
  const prompt = await chatPrompt(served, fields.messages, { systemMessages, reserved });
  const ends = [...served.ends, ...(served.separator === undefined ? [] : [served.separator])];
  const client = clientOf(request, fields.user);
  const question = { served, prompts: [prompt], fields, maxNewTokens: wanted, ends, logProbs, topLogProbs, client };
  checkSize(service, question);
  return answer(service, reply, question, chatFormat(served, logProbs));
}

function chatFormat(served: ServedModel, logProbs: boolean): AnswerFormat {
  const logprobs = ({ tokens }: ChoiceContent) => (logProbs ? logProbsOf(served, tokens) : null);
  return {
    prefix: 'chatcmpl',
    object: 'chat.completion',
    pieceObject: 'chat.completion.chunk',
    openings: (index) => [{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }],
    piece(content) {
      const { index, text, finishReason } = content;
      const delta = text === '' ? {} : { content: text };
      return { index, delta, logprobs: logprobs(content), finish_reason: finishReason };
    },
    choice(content) {
      const message = { role: 'assistant', content: content.text, refusal: null };
      return { index: content.index, message, logprobs: logprobs(content), finish_reason: content.finishReason };
    },
  };
}

function logProbsOf(served: ServedModel, tokens: ChoiceContent['tokens']): object {
  const describe = (id: number, logprob: number | undefined) => {
    const token = served.decode([id]);
    // A token that is a part of a character has bytes that its text does not tell.
    const bytes = token.includes('\ufffd') ? null : Array.from(Buffer.from(token, 'utf8'));
    return { token, logprob: logprob ?? null, bytes };
  };
  const content = tokens.map(({ token, logProb, topLogProbs }) => ({
    ...describe(token, logProb),
    top_logprobs: topLogProbs.map((top) => describe(top.token, top.logProb)),
  }));
  return { content, refusal: null };
}
