import { ArgumentError } from '../errors.js';

/**
 * Another spelling than the browsers' would match no page, and nobody would learn why.
 * @throws ArgumentError for what no browser tells as a page's origin
 */
export function checkOrigins(origins: readonly string[] = []): void {
  for (const given of origins) {
    const origin = originOf(given);
    if (given === origin) continue;
    const told = origin ?? 'scheme and host, such as https://example.org';
    throw new ArgumentError(`allowedOrigins: ${JSON.stringify(given)} matches no page; browsers tell ${told}`);
  }
}

/** Undefined where there is none in it. */
function originOf(text: string): string | undefined {
  // Of pages without one, such as a file's.
  if (text === 'null') return text;
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  if (host === '') return undefined;
  // URL knows none for browsers' own schemes, such as chrome-extension:.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}
