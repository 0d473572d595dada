import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { taskLineSchemas } from '../data/tasks/task.js';
import { InputError } from '../errors.js';
import { encodeTaskLines, predict } from '../finetune/index.js';
import { parseOrThrow } from '../validate.js';
import { badRequest } from './api-error.js';
import { commonFields, parameterName, parseBody } from './request-fields.js';
import { watchRequest } from './request-life.js';
import type { ServedModel } from './served-model.js';
import type { Service } from './service.js';

const MOST_EXAMPLES = 256;
const example = z.record(z.string().max(64), z.unknown());

const fields = z.strictObject({
  ...commonFields,
  input: z.union([example, z.array(example).min(1).max(MOST_EXAMPLES)]),
});

/**
 * `POST /v1/classify`: what a fine-tuned head makes of an example, or of several; no part of OpenAI's protocol. An example
 * has the fields of a line of the task's files: `{"text"}`, `{"premise", "hypothesis"}`, `{"a", "b"}` or
 * `{"context", "choices"}`.
 */
export async function classify(service: Service, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { model, input } = parseBody(fields, request.body);
  const served = service.model(model);
  if (served.task === undefined) {
    throw badRequest(`model ${served.name} has no task's head; gptorch finetune makes one`, 'model', 'no_task_head');
  }
  const isOne = !Array.isArray(input);
  const examples = (isOne ? [input] : input).map((each, i) => encode(served, each, isOne ? 'input' : `input[${i}]`));
  const promptTokens = examples.flat().reduce((sum, { sequences }) => sum + sequences.flat().length, 0);
  if (promptTokens > service.limits.requestTokens) {
    const message = `the inputs have ${promptTokens} tokens; allowed: ${service.limits.requestTokens} in one request`;
    throw badRequest(message, 'input', 'too_many_tokens');
  }
  const { model: task } = served.task;
  const life = watchRequest(reply, service.limits.requestTimeout, service.shutdown);
  service.metrics.read(served.name, promptTokens);
  try {
    const predictions = await service.places.use(life.signal, () =>
      predict(task, examples.flat(), { signal: life.signal }),
    );
    const data = predictions.map((prediction, index) => ({ index, ...prediction }));
    const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
    return { object: 'list', data, model: served.name, task: task.config.task, usage };
  } finally {
    life.end();
  }
}

function encode({ task, gpt }: ServedModel, given: Record<string, unknown>, where: string) {
  if (task === undefined) return [];
  const { config } = task.model;
  const longest = gpt.config.contextLength * 64;
  const tooLong = Object.entries(given).find(([, value]) => JSON.stringify(value).length > longest);
  if (tooLong)
    throw badRequest(`${where}.${tooLong[0]} is too long`, `${where}.${tooLong[0]}`, 'context_length_exceeded');
  const schema = taskLineSchemas[config.task];
  // An answer that stands there already is not looked at.
  const { label: _, score: __, ...asked } = given;
  const result = schema.safeParse(asked);
  const path = result.success ? [] : (result.error.issues[0]?.path ?? []);
  try {
    const line = { ...parseOrThrow(schema, asked, where), where };
    return encodeTaskLines([line], task.tokens, { maxLength: config.maxLength });
  } catch (error) {
    if (error instanceof InputError) throw badRequest(error.message, parameterName([where, ...path]));
    throw error;
  }
}
