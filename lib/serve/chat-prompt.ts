import { z } from 'zod';
import { ChatHistory } from '../chat/index.js';
import { plainParts } from '../data/index.js';
import { badRequest } from './api-error.js';
import { checkText, encodeText } from './prompt-tokens.js';
import type { ServedModel } from './served-model.js';

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

/** A chat's messages: texts alone, of two speakers. */
export const messagesSchema = z
  .array(
    z.strictObject({
      role: z.enum(['system', 'developer', 'user', 'assistant']),
      content: z.union([z.string(), z.array(textPart).min(1).max(64)]),
      name: z.string().max(512).nullish(),
      refusal: z.null().optional(),
      annotations: z.array(z.unknown()).max(0).optional(),
    }),
  )
  .min(1)
  .max(2048);

/** A dialogue as a request brings it. */
export type Message = z.output<typeof messagesSchema>[number];

/** How messages become a prompt. */
export interface ChatPromptOptions {
  systemMessages: 'refuse' | 'turn';
  /** Tokens of the context that are kept free for the answer. */
  reserved: number;
}

/**
 * The tokens of a dialogue: `u1 <sep> u2 <sep> …`. Of a dialogue that is longer than the context the oldest turns are
 * left out, whole ones.
 * @throws ApiError 400 for a model that was not trained on dialogues, a system message that is refused, or a text that
 *   cannot be encoded
 */
export async function chatPrompt(
  served: ServedModel,
  messages: readonly Message[],
  { systemMessages, reserved }: ChatPromptOptions,
): Promise<number[]> {
  const { separator, gpt } = served;
  if (separator === undefined) {
    const message = `model ${served.name} has no chat template: its tokenizer has no <sep>, it was not trained on dialogues`;
    throw badRequest(`${message}; use /v1/completions`, 'model', 'no_chat_template');
  }
  const history = new ChatHistory(separator, gpt.config.contextLength - reserved);
  for (const [i, message] of messages.entries()) {
    if (message.role === 'system' || message.role === 'developer') refuseSystem(served, i, systemMessages);
    history.add(await encodeTurn(served, textOf(message), `messages[${i}].content`));
  }
  return history.prompt();
}

function refuseSystem(served: ServedModel, i: number, systemMessages: 'refuse' | 'turn'): void {
  if (systemMessages === 'turn') return;
  const message = `model ${served.name} was trained on turns of two speakers and has no place for system messages`;
  throw badRequest(message, `messages[${i}].role`, 'unsupported_value');
}

function textOf({ content }: Message): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}

/** A separator that somebody wrote is text: only the server ends turns. */
async function encodeTurn(served: ServedModel, text: string, param: string): Promise<number[]> {
  checkText(served, text, param);
  const parts: number[][] = [];
  for (const part of plainParts(text)) parts.push(await encodeText(served, part, param));
  return parts.flat();
}
