import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { badRequest } from './api-error.js';
import { clientOf } from './auth.js';
import { encodeInputs, isTextOrTokens, type TextOrTokens } from './prompt-tokens.js';
import { commonFields, parseBody } from './request-fields.js';
import { watchRequest } from './request-life.js';
import type { Service } from './service.js';

const MOST_INPUTS = 2048;

const schema = z.strictObject({
  ...commonFields,
  input: z.custom<TextOrTokens>(isTextOrTokens, 'a text, token ids, or a list of either'),
  encoding_format: z.enum(['float', 'base64']).nullish(),
});

/** `POST /v1/embeddings`: the last token's hidden state of the last layer. */
export async function embeddings(service: Service, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const fields = parseBody(schema, request.body, { dimensions: [] });
  const served = service.model(fields.model);
  const inputs = await encodeInputs(served, fields.input, { param: 'input', most: MOST_INPUTS });
  const { requestTokens, requestTimeout: timeout, waitTimeout } = service.limits;
  const promptTokens = inputs.reduce((sum, { tokens }) => sum + tokens.length, 0);
  if (promptTokens > requestTokens) {
    const message = `the inputs have ${promptTokens} tokens; allowed: ${requestTokens} in one request`;
    throw badRequest(message, 'input', 'too_many_tokens');
  }
  const client = clientOf(request, fields.user);
  const life = watchRequest(reply, timeout, service.shutdown);
  service.metrics.read(served.name, promptTokens);
  try {
    const data: object[] = [];
    for (const [index, { tokens }] of inputs.entries()) {
      const state = await served.gpt.decoder.embed(tokens, { client, signal: life.signal, waitTimeout });
      service.reportSuccess();
      const embedding = written(state, fields.encoding_format);
      data.push({ object: 'embedding', index, embedding });
    }
    const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
    return { object: 'list', data, model: served.name, usage };
  } finally {
    life.end();
  }
}

/** base64: float32, little-endian. */
function written(values: Float32Array, format: 'float' | 'base64' | null | undefined): string | number[] {
  if (format !== 'base64') return Array.from(values);
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}
