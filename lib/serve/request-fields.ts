import { z } from 'zod';
import { InputError } from '../errors.js';
import { parseOrThrow } from '../validate.js';
import { ApiError, badRequest } from './api-error.js';

/** Longest of a stop string, a user's name and so on. */
const LONGEST_NAME = 512;

const text = z.string().max(LONGEST_NAME);

/** Fields that all requests have. */
export const commonFields = {
  model: z.string().min(1).max(LONGEST_NAME),
  /** Whom the request is for: waiting requests of different users take turns. */
  user: text.nullish(),
};

/** How texts are drawn: OpenAI's fields, and top_k, min_p and repetition_penalty as other servers have them. */
export const samplingFields = {
  ...commonFields,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().min(0.01).max(100).nullish(),
  n: z.int().min(1).max(128).nullish(),
  stop: z.union([text.min(1), z.array(text.min(1)).max(4)]).nullish(),
  seed: z.int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
};

/** What `samplingFields` make of a body. */
export type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>;

/** Fields of OpenAI's protocol that this server does not have, with the values that ask for nothing. */
export type UnsupportedFields = Readonly<Record<string, readonly unknown[]>>;

/** Of completions and chats. */
export const unsupportedSampling: UnsupportedFields = {
  presence_penalty: [0],
  frequency_penalty: [0],
  logit_bias: [{}],
  metadata: [{}],
  store: [false],
  service_tier: ['auto', 'default'],
};

/**
 * A request's body, checked.
 * @throws ApiError 400 that names the field, also for one that is known and not supported
 */
export function parseBody<S extends z.ZodObject>(
  schema: S,
  body: unknown,
  unsupported: UnsupportedFields = {},
): z.output<S> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the body must be a JSON object', undefined, 'invalid_type');
  }
  const supported = Object.fromEntries(
    Object.entries(body).filter(([name, value]) => {
      if (!Object.hasOwn(unsupported, name)) return true;
      const neutral = unsupported[name] ?? [];
      const same = (other: unknown) => JSON.stringify(other) === JSON.stringify(value);
      if (value === null || neutral.some(same)) return false;
      throw badRequest(`${name} is not supported by this server`, name, 'unsupported_parameter');
    }),
  );
  const result = schema.safeParse(supported);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? []);
  const code = issue?.code === 'unrecognized_keys' ? 'unknown_parameter' : (issue?.code ?? 'invalid_value');
  throw new ApiError(400, messageOf(schema, supported), { param: parameterName(path), code });
}

/** In the words in which all of gptorch's input is found fault with. */
function messageOf(schema: z.ZodType, body: unknown): string {
  try {
    parseOrThrow(schema, body, 'request body');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('a body was both refused and accepted');
}

/** `messages[0].content` */
export function parameterName(path: readonly PropertyKey[]): string | undefined {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return name === '' ? undefined : name.replace(/^\./, '').slice(0, 200);
}

/** How the decoder is asked to draw. */
export function samplingOf({ temperature, top_p, top_k, min_p, repetition_penalty, seed }: SamplingFields) {
  return {
    // Of all of no probability mass the most probable token is left.
    temperature: top_p === 0 ? 0 : (temperature ?? 1),
    ...(top_p != null && top_p > 0 && { topP: top_p }),
    ...(top_k != null && top_k > 0 && { topK: top_k }),
    ...(min_p != null && min_p > 0 && { minP: min_p }),
    ...(repetition_penalty != null && { repetitionPenalty: repetition_penalty }),
    // OpenAI's seeds may be negative.
    ...(seed != null && { seed: seed < 0 ? Number.MAX_SAFE_INTEGER + seed + 1 : seed }),
  };
}

/** The stop strings, at most four. */
export function stopsOf({ stop }: SamplingFields): string[] {
  return typeof stop === 'string' ? [stop] : (stop ?? []);
}
