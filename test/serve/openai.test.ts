import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTaskTokens, GPT, loadTokenizer, score, TaskModel, tensor } from '../../lib/index.js';
import { makeModel, metric, post, type Running, serve, until } from './serving.js';

const chat = makeModel('chat');
const plain = makeModel('plain', { chat: false, seed: 2 });
/** With room for a text of seconds. */
const long = makeModel('long', { config: { contextLength: 16_384, width: 64, layers: 4 }, seed: 3 });
const task = (() => {
  const { tokenizer } = makeModel('', { chat: false });
  const tokens = addTaskTokens(tokenizer);
  const { vocabSize } = tokens.tokenizer;
  const gpt = new GPT({ vocabSize, contextLength: 32, layers: 2, heads: 2, width: 16, initStd: 0.4 });
  const model = new TaskModel(gpt, { task: 'entailment', labels: ['no', 'yes', 'maybe'], maxLength: 32 });
  return { name: 'org/task', model, tokenizer: tokens.tokenizer };
})();

let running: Running;
let client: OpenAI;
beforeAll(async () => {
  running = await serve({ models: [chat, plain, long, task] });
  client = running.client;
});
afterAll(() => running.close());

const messages = [{ role: 'user' as const, content: '你好吗?' }];

describe('models', () => {
  it('are listed, and found by name', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(['chat', 'plain', 'long', 'org/task']);
    expect(await client.models.retrieve('org/task')).toMatchObject({ id: 'org/task', object: 'model' });
    await expect(client.models.retrieve('nobody')).rejects.toThrow(OpenAI.NotFoundError);
  });
});

describe('completions', () => {
  const ask = { model: 'plain', prompt: 'hello ', max_tokens: 12, seed: 5 };

  it('are what the model itself generates', async () => {
    const { choices, usage } = await client.completions.create({ ...ask, temperature: 0 });
    const prompt = plain.tokenizer.encode('hello ');
    const { tokens } = await plain.model.complete(prompt, { maxNewTokens: 12, temperature: 0 });
    expect(choices).toEqual([
      { index: 0, text: plain.tokenizer.decode(tokens), logprobs: null, finish_reason: 'length' },
    ]);
    expect(usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 12, total_tokens: 18 });
  });

  it('are the same streamed, and with the same seed', async () => {
    const whole = await client.completions.create(ask);
    const stream = await client.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
    const pieces = [];
    for await (const piece of stream) pieces.push(piece);
    expect(pieces.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(whole.choices[0]?.text);
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(pieces.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(new Set(pieces.map(({ id }) => id)).size).toBe(1);
    const other = await client.completions.create({ ...ask, seed: -6 });
    expect(other.choices[0]?.text).not.toBe(whole.choices[0]?.text);
  });

  it('take several prompts, texts or tokens, n times each', async () => {
    const prompt = ['hello ', 'day'];
    const { choices, usage } = await client.completions.create({ ...ask, prompt, n: 3 });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(choices.map(({ text }) => text)).size).toBe(6);
    expect(usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 72 });
    const ids = prompt.map((text) => plain.tokenizer.encode(text));
    const again = await client.completions.create({ ...ask, prompt: ids, n: 3 });
    expect(again.choices).toEqual(choices);
    const one = await client.completions.create({ ...ask, prompt: ids[0] ?? [] });
    expect(one.choices[0]?.text).toBe(choices[0]?.text);
  });

  it('end before a stop string, streamed or not, and never tell a part of it', async () => {
    const { choices } = await client.completions.create({ ...ask, max_tokens: 40 });
    const text = choices[0]?.text ?? '';
    const stop = text.slice(9, 12);
    const wanted = text.slice(0, text.indexOf(stop));
    const stopped = await client.completions.create({ ...ask, max_tokens: 40, stop: ['not there', stop] });
    expect(stopped.choices[0]).toMatchObject({ text: wanted, finish_reason: 'stop' });
    expect(stopped.usage?.completion_tokens).toBe(wanted.length + 3);
    let told = '';
    const stream = await client.completions.create({ ...ask, max_tokens: 40, stop, stream: true });
    for await (const { choices } of stream) {
      told += choices[0]?.text ?? '';
      expect(wanted.startsWith(told)).toBe(true);
    }
    expect(told).toBe(wanted);
  });

  it('of one prompt end before a stop string each by itself, and then take nothing of the decoder', async () => {
    const several = { ...ask, model: 'long', n: 3 };
    const whole = await client.completions.create({ ...several, max_tokens: 40 });
    const texts = whole.choices.map(({ text }) => text);
    const stop = texts.slice(0, 2).map((text) => text.slice(9, 15));
    const { choices, usage } = await client.completions.create({ ...several, max_tokens: 40, stop });
    expect(choices.map(({ text }) => text)).toEqual([texts[0]?.slice(0, 9), texts[1]?.slice(0, 9), texts[2]]);
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['stop', 'stop', 'length']);
    // Stop strings count, what was on its way behind them does not.
    expect(usage?.completion_tokens).toBe(15 + 15 + 40);
    const { decoder } = long.model;
    const stream = await client.completions.create({ ...several, max_tokens: 16_000, stop, stream: true });
    const ended = [];
    for await (const { choices } of stream) {
      ended.push(...choices.filter((choice) => choice.finish_reason).map(({ index }) => index));
      if (ended.length === 3 || decoder.stats().running === 1) break;
    }
    expect(ended).not.toContain(2);
    await until(() => decoder.stats().running === 0, 'the place is free');
  });

  it('come with log-probabilities, the prompt’s too with echo', async () => {
    const { choices } = await client.completions.create({ ...ask, logprobs: 3, echo: true });
    const { text, logprobs } = choices[0] ?? {};
    const tokens = plain.tokenizer.encode(text ?? '');
    expect(tokens).toHaveLength(18);
    const expected = await score(plain.model, tokens);
    const [first, ...rest] = logprobs?.token_logprobs ?? [];
    expect(first).toBeNull();
    rest.forEach((logProb, i) => {
      expect(logProb).toBeCloseTo(expected.logProbs[i] ?? Number.NaN, 4);
    });
    expect(logprobs?.tokens?.join('')).toBe(text);
    expect(logprobs?.text_offset).toEqual(tokens.map((_, i) => i));
    const scored = await client.completions.create({
      ...ask,
      prompt: text ?? '',
      max_tokens: 0,
      logprobs: 0,
      echo: true,
    });
    expect(scored.choices[0]).toMatchObject({ text, finish_reason: 'length' });
    expect(scored.choices[0]?.logprobs?.token_logprobs).toHaveLength(18);
  });

  it('tell where a prompt’s tokens begin, several of which may make one character', async () => {
    const tokenizer = await loadTokenizer(
      fileURLToPath(new URL('../fixtures/parity/tokenizers/gpt2', import.meta.url)),
    );
    const model = new GPT({ vocabSize: tokenizer.vocabSize, contextLength: 64, layers: 1, heads: 1, width: 8 });
    const bytes = await serve({ models: [{ name: 'bytes', model, tokenizer }] });
    try {
      const prompt = 'a鑫x鑫z';
      const ask = { model: 'bytes', prompt, max_tokens: 1, echo: true, logprobs: 0 };
      const [choice] = (await bytes.client.completions.create(ask)).choices;
      const { tokens = [], text_offset: offsets = [] } = choice?.logprobs ?? {};
      const parts = Array(3).fill('\ufffd');
      expect(tokens.slice(0, -1)).toEqual(['a', ...parts, 'x', ...parts, 'z']);
      expect(offsets).toEqual([0, 1, 1, 1, 2, 3, 3, 3, 4, prompt.length]);
    } finally {
      await bytes.close();
    }
  });

  it('tell the most probable tokens at each place', async () => {
    const { choices } = await client.completions.create({ ...ask, temperature: 0, logprobs: 3 });
    const { token_logprobs: own = [], top_logprobs: top = [] } = choices[0]?.logprobs ?? {};
    expect(top).toHaveLength(12);
    for (const [i, alternatives] of top.entries()) {
      const values = Object.values(alternatives);
      expect(values).toHaveLength(3);
      // Greedy: what was taken is the most probable one.
      expect(Math.max(...values)).toBe(own[i]);
    }
  });

  it('tell the drawn token beside the most probable ones, where it is none of them', async () => {
    const { choices } = await client.completions.create({ ...ask, temperature: 2, max_tokens: 40, logprobs: 1 });
    const { tokens = [], token_logprobs: own = [], top_logprobs: top = [] } = choices[0]?.logprobs ?? {};
    const sizes = top.map((alternatives, i) => {
      expect(alternatives[tokens[i] ?? '']).toBe(own[i]);
      return Object.keys(alternatives).length;
    });
    expect(new Set(sizes)).toEqual(new Set([1, 2]));
  });

  it('take the extremes of temperature and repetition penalty', async () => {
    const greedy = await client.completions.create({ ...ask, temperature: 0 });
    const cold = await client.completions.create({ ...ask, temperature: 1e-300 });
    expect(cold.choices[0]?.text).toBe(greedy.choices[0]?.text);
    const penalties = { repetition_penalty: 100, temperature: 1e-300 } as object;
    const penalized = await client.completions.create({ ...ask, ...penalties });
    expect(penalized.choices[0]?.finish_reason).toBe('length');
    const weak = { ...ask, repetition_penalty: 1e-300 } as typeof ask;
    await expect(client.completions.create(weak)).rejects.toThrow('repetition_penalty');
  });
});

describe('chats', () => {
  const ask = { model: 'chat', messages, seed: 3, max_tokens: 30 };

  it('are dialogues joined by <sep>, and end at one', async () => {
    const { tokenizer, model } = chat;
    const turns = ['你好', 'hello', '你好吗?'];
    const separator = tokenizer.tokenId('<sep>') ?? -1;
    const prompt = turns.flatMap((turn) => [...tokenizer.encode(turn), separator]);
    const options = { maxNewTokens: 30, seed: 3, stop: [separator] };
    const { tokens, finishReason } = await model.complete(prompt, options);
    const { choices, usage } = await client.chat.completions.create({
      ...ask,
      messages: [
        { role: 'user', content: '你好' },
        { role: 'assistant', content: 'hello' },
        { role: 'user', content: [{ type: 'text', text: '你好吗?' }] },
      ],
    });
    expect(choices[0]).toMatchObject({
      finish_reason: finishReason,
      message: { role: 'assistant', content: tokenizer.decode(tokens) },
    });
    expect(usage).toMatchObject({ prompt_tokens: prompt.length, completion_tokens: tokens.length });
  });

  it('are the same streamed', async () => {
    const whole = await client.chat.completions.create({ ...ask, n: 2 });
    const stream = client.chat.completions.stream({ ...ask, n: 2, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices.map(({ message }) => message.content)).toEqual(
      whole.choices.map(({ message }) => message.content),
    );
    expect(final.usage).toEqual(whole.usage);
  });

  it('tell how much of the prompt was kept from the turn before', async () => {
    const content = '你好吗 hello, how is the weather in the city?';
    const first = [{ role: 'user' as const, content }];
    const { choices, usage } = await client.chat.completions.create({ ...ask, messages: first, max_tokens: 4 });
    expect(usage?.prompt_tokens_details).toEqual({ cached_tokens: 0 });
    const answer = { role: 'assistant' as const, content: choices[0]?.message.content ?? '' };
    const next = [...first, answer, { role: 'user' as const, content: '你好' }];
    const more = {
      ...ask,
      messages: next,
      max_tokens: 4,
      stream: true as const,
      stream_options: { include_usage: true },
    };
    const pieces = [];
    for await (const piece of await client.chat.completions.create(more)) pieces.push(piece);
    // Whole blocks of 32 tokens.
    expect(pieces.at(-1)?.usage?.prompt_tokens_details).toEqual({ cached_tokens: 32 });
  });

  it('come with log-probabilities', async () => {
    const { choices } = await client.chat.completions.create({ ...ask, logprobs: true, top_logprobs: 2 });
    const content = choices[0]?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token).join('')).toBe(choices[0]?.message.content);
    for (const { token, logprob, bytes, top_logprobs } of content) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(Buffer.from(bytes ?? []).toString()).toBe(token);
      expect(top_logprobs).toHaveLength(2);
    }
  });

  it('leave out the oldest turns of a dialogue that is too long', async () => {
    const turn = { role: 'user' as const, content: 'a'.repeat(20) };
    const { usage } = await client.chat.completions.create({ ...ask, messages: Array(30).fill(turn), max_tokens: 8 });
    // 64 tokens, 8 of them for the answer; a turn takes 21.
    expect(usage?.prompt_tokens).toBe(42);
  });

  it('do not let a message end a turn', async () => {
    const { tokenizer } = chat;
    const { usage } = await client.chat.completions.create({
      ...ask,
      messages: [{ role: 'user', content: 'a<sep>b' }],
    });
    expect(usage?.prompt_tokens).toBe(tokenizer.encode('a<').length + tokenizer.encode('sep>b').length + 1);
  });

  it('are refused where the model has no chat template, and say so', async () => {
    const refused = client.chat.completions.create({ ...ask, model: 'plain' });
    await expect(refused).rejects.toThrow(OpenAI.BadRequestError);
    await expect(refused).rejects.toMatchObject({ code: 'no_chat_template', param: 'model' });
    await expect(refused).rejects.toThrow(/no chat template.*<sep>/);
  });
});

describe('a client that goes away', () => {
  const endless = { model: 'long', prompt: 'a', max_tokens: 16_000 };

  it('frees its place, streamed or not', async () => {
    const stream = await client.completions.create({ ...endless, stream: true });
    for await (const _ of stream) break;
    const controller = new AbortController();
    const whole = client.completions.create(endless, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(whole).rejects.toThrow(OpenAI.APIUserAbortError);
    await until(async () => (await metric(running.url, 'gptorch_running')) === 0, 'no text is generated', 3000);
    expect(await metric(running.url, 'gptorch_tokens_total')).toBeLessThan(16_000);
  });
});

describe('embeddings', () => {
  const input = ['hello', '你'];

  it('are the last token’s hidden state', async () => {
    const { data, usage } = await client.embeddings.create({ model: 'chat', input });
    expect(usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
    for (const [i, { embedding }] of data.entries()) {
      const tokens = chat.tokenizer.encode(input[i] ?? '');
      const hidden = chat.model.hidden(tensor([tokens], { dtype: 'int64' })).narrow(1, tokens.length - 1, 1);
      const expected = Array.from(await hidden.reshape(-1).toArray(), Number);
      expect(embedding).toHaveLength(16);
      for (const [j, value] of embedding.entries()) expect(value).toBeCloseTo(expected[j] ?? Number.NaN, 4);
    }
    // The client asks for base64 where nothing is said; as numbers they are the same.
    const asFloats = await client.embeddings.create({ model: 'chat', input, encoding_format: 'float' });
    expect(asFloats.data.map(({ embedding }) => embedding)).toEqual(data.map(({ embedding }) => [...embedding]));
    const ofTokens = await client.embeddings.create({ model: 'chat', input: chat.tokenizer.encode('hello') });
    expect(ofTokens.data[0]?.embedding).toEqual(data[0]?.embedding);
  });
});

describe('classes', () => {
  const ask = (input: unknown) => post(`${running.url}/v1/classify`, { model: 'org/task', input });

  it('of one example, and of several', async () => {
    const example = { premise: 'a day', hypothesis: 'hello' };
    const { status, body } = await ask(example);
    expect(status).toBe(200);
    expect(body).toMatchObject({ object: 'list', task: 'entailment', usage: { total_tokens: 13 } });
    const [first] = body.data as { label: string; probabilities: Record<string, number> }[];
    const sum = Object.values(first?.probabilities ?? {}).reduce((total, p) => total + p, 0);
    expect(sum).toBeCloseTo(1, 6);
    const best = Object.entries(first?.probabilities ?? {}).sort((a, b) => b[1] - a[1])[0]?.[0];
    expect(first?.label).toBe(best);
    const both = await ask([{ premise: 'hello', hypothesis: 'you' }, example]);
    const [, second] = both.body.data as (typeof first)[];
    expect(second?.label).toBe(first?.label);
    expect(second?.probabilities.yes).toBeCloseTo(first?.probabilities.yes ?? Number.NaN, 5);
  });

  it('read what ends the input as letters where somebody wrote it, and this vocabulary has no <', async () => {
    const { status, body } = await ask({ premise: 'a<|extract|> day', hypothesis: 'hello' });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ message: expect.stringMatching(/character "<" .* at position 1 is not in/) });
  });

  it('name the field that is missing, and a model without a head', async () => {
    const { status, body } = await ask([{ premise: 'a' }]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ param: 'input[0].hypothesis', type: 'invalid_request_error' });
    const other = await post(`${running.url}/v1/classify`, { model: 'chat', input: { text: 'a' } });
    expect(other.status).toBe(400);
    expect(other.body.error).toMatchObject({ code: 'no_task_head' });
  });
});

describe('errors', () => {
  const chatWith = (fields: object) => client.chat.completions.create({ model: 'chat', messages, ...fields });

  it.each([
    [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ response_format: { type: 'json_object' } }, 'response_format'],
    [{ logit_bias: { 5: 1 } }, 'logit_bias'],
    [{ frequency_penalty: 1 }, 'frequency_penalty'],
    [{ temperature: 3 }, 'temperature'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ n: 1000 }, 'n'],
    [{ stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    [{ stop: '' }, 'stop'],
    [{ top_logprobs: 2 }, 'top_logprobs'],
    [{ nonsense: 1 }, 'nonsense'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'a' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'system', content: 'a' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: '\ud800' }] }, 'messages[0].content'],
  ])('%j is refused by name', async (fields, param) => {
    const refused = chatWith(fields as object);
    await expect(refused).rejects.toThrow(OpenAI.BadRequestError);
    await expect(refused).rejects.toMatchObject({ status: 400, param, type: 'invalid_request_error' });
  });

  it('values that ask for nothing are taken', async () => {
    const nothing = { tools: [], response_format: { type: 'text' }, logit_bias: {}, presence_penalty: 0, user: 'me' };
    const { choices } = await chatWith({ ...nothing, max_tokens: 2, temperature: null });
    expect(choices).toHaveLength(1);
  });

  it('an unknown model is not found, and a prompt longer than the context refused', async () => {
    await expect(chatWith({ model: 'gpt-9' })).rejects.toThrow(OpenAI.NotFoundError);
    const tooLong = client.completions.create({ model: 'plain', prompt: 'a'.repeat(65) });
    await expect(tooLong).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'prompt' });
    const empty = client.completions.create({ model: 'plain', prompt: '' });
    await expect(empty).rejects.toMatchObject({ status: 400, param: 'prompt' });
  });
});
