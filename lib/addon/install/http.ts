import { EnvHttpProxyAgent, fetch, type Response } from 'undici';

/** Asks for an address; `headers` such as `range`. */
export type Get = (url: string, headers?: Record<string, string>) => Promise<Response>;

/**
 * Requests that go through the proxy which `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` (or their lower-case forms) name. Node's own
 * fetch reads them from Node 24 on only, and not without a flag.
 */
export function makeGet(env: NodeJS.ProcessEnv): Get {
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: env.http_proxy || env.HTTP_PROXY,
    httpsProxy: env.https_proxy || env.HTTPS_PROXY,
    noProxy: env.no_proxy || env.NO_PROXY,
  });
  return (url, headers = {}) => fetch(url, { dispatcher, headers });
}

/** fetch hides the reason of a failure in its cause, and a proxy's one step further. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${reasonOf(error.cause)})` : error.message;
}
