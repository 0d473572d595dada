/** What the server refused, or why it could not be asked. */
export class ApiFailure extends Error {
  constructor(kind, message, cause) {
    super(message, { cause });
    /** `key`, `offline`, `broken` or `refused` */
    this.kind = kind;
  }
}

async function ask(path, key, options = {}) {
  const headers = { ...options.headers, ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
  let response;
  try {
    // Relative to the page, wherever the server is mounted.
    response = await fetch(path, { ...options, headers });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiFailure('offline', 'no connection', cause);
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  throw new ApiFailure(
    response.status === 401 ? 'key' : 'refused',
    body?.error?.message ?? `${response.status} ${response.statusText}`,
  );
}

export async function listModels(key) {
  const { data } = await (await ask('v1/models', key)).json();
  return data;
}

/**
 * Has a dialogue answered, or a text continued.
 * @param {{ chat: boolean, body: object, key: string, signal: AbortSignal }} request
 * @yields {{ text: string } | { finishReason: string } | { tokens: number }}
 */
export async function* stream({ chat, body, key, signal }) {
  const response = await ask(chat ? 'v1/chat/completions' : 'v1/completions', key, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  for await (const event of events(response.body, signal)) {
    if (event.error) throw new ApiFailure('refused', event.error.message);
    const [choice] = event.choices;
    const text = chat ? choice?.delta.content : choice?.text;
    if (text) yield { text };
    if (choice?.finish_reason) yield { finishReason: choice.finish_reason };
    if (event.usage) yield { tokens: event.usage.completion_tokens };
  }
}

/** The objects of an event stream up to `[DONE]`. */
async function* events(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream ended early');
      const parts = (rest + value).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        const data = part.replace(/^data: /, '');
        if (data === '[DONE]') return;
        yield JSON.parse(data);
      }
    }
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiFailure('broken', cause.message, cause);
  } finally {
    reader.cancel().catch(() => {});
  }
}
