import OpenAI from 'openai';
import { CharTokenizer, engine, GPT, type GPTConfigInput } from '../../lib/index.js';
import { createServer, type ModelToServe, type ServeApp, type ServerOptions } from '../../lib/serve/index.js';

const letters = 'abcdefghijklmnopqrstuvwxyz ,.?!你好吗我很天气';

/** A model with random weights, far enough apart that rounding chooses no other token. */
export function makeModel(
  name: string,
  { chat = true, config = {}, seed = 1 }: { chat?: boolean; config?: Partial<GPTConfigInput>; seed?: number } = {},
): ModelToServe & { model: GPT; tokenizer: CharTokenizer } {
  const specialTokens = chat ? ['<pad>', '<unk>', '<sep>'] : [];
  const tokenizer = CharTokenizer.fromTexts([letters], { specialTokens });
  const { vocabSize } = tokenizer;
  const shape = { contextLength: 64, layers: 2, heads: 2, width: 16, initStd: 0.4 };
  return { name, model: new GPT({ vocabSize, ...shape, ...config }, { seed }), tokenizer };
}

/** A server that listens on a free port. */
export interface Running {
  app: ServeApp;
  url: string;
  client: OpenAI;
  close: () => Promise<void>;
}

export async function serve(options: ServerOptions): Promise<Running> {
  const app = createServer(options);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: options.apiKey ?? 'none', maxRetries: 0 });
  const close = async () => {
    await app.shutDown(0);
    for (const { model } of options.models) model.dispose();
    await engine.idle();
  };
  return { app, url, client, close };
}

/** Sends JSON, or whatever text is given, and reads the reply. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as ReplyBody };
}

/** Of the replies that tests look into. */
export interface ReplyBody {
  error?: { message: string; type: string; param: string | null; code: string | null };
  [field: string]: unknown;
}

/** One sample of `/metrics`, summed over its labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, limit = 10_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
