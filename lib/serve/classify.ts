import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EncodedExample } from '../data/index.js';
import { taskLineSchemas } from '../data/tasks/task.js';
import { InputError } from '../errors.js';
import { encodeTaskLines, predict } from '../finetune/index.js';
import { parseOrThrow } from '../validate.js';
import { badRequest } from './api-error.js';
import { checkText } from './prompt-tokens.js';
import { commonFields, parameterName, parseBody } from './request-fields.js';
import { watchRequest } from './request-life.js';
import type { ServedModel } from './served-model.js';
import type { Service } from './service.js';

const MOST_EXAMPLES = 256;
/** Of one example, its choices among them. */
const MOST_TEXTS = 64;
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
  const examples: EncodedExample[] = [];
  for (const [i, each] of (isOne ? [input] : input).entries()) {
    examples.push(...encode(served, each, isOne ? 'input' : `input[${i}]`));
    // Others have their turn between two.
    await new Promise(setImmediate);
  }
  const promptTokens = examples.reduce((sum, { sequences }) => sum + sequences.flat().length, 0);
  if (promptTokens > service.limits.requestTokens) {
    const message = `the inputs have ${promptTokens} tokens; allowed: ${service.limits.requestTokens} in one request`;
    throw badRequest(message, 'input', 'too_many_tokens');
  }
  const { model: task } = served.task;
  const life = watchRequest(reply, service.limits.requestTimeout, service.shutdown);
  service.metrics.read(served.name, promptTokens);
  try {
    const predictions = await service.places.use(life.signal, () => predict(task, examples, { signal: life.signal }));
    service.reportSuccess();
    const data = predictions.map((prediction, index) => ({ index, ...prediction }));
    const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
    return { object: 'list', data, model: served.name, task: task.config.task, usage };
  } finally {
    life.end();
  }
}

function encode(served: ServedModel, given: Record<string, unknown>, where: string): EncodedExample[] {
  const { task } = served;
  if (task === undefined) return [];
  // An answer that stands there already is not looked at.
  const { label: _, score: __, ...asked } = given;
  const texts = Object.values(asked).flat();
  if (texts.length > MOST_TEXTS) throw badRequest(`an example has more than ${MOST_TEXTS} texts`, where);
  checkText(served, texts.filter((text) => typeof text === 'string').join(' '), where);
  const { config } = task.model;
  const schema = taskLineSchemas[config.task];
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
