import { isIP } from 'node:net';
import { ArgumentError } from '../errors.js';

/**
 * The addresses as fastify takes them; it would not say which one is none.
 * @throws ArgumentError for what is neither an address nor a network
 */
export function checkProxies(proxies: readonly string[] = []): string[] | false {
  const networks = ['loopback', 'linklocal', 'uniquelocal'];
  for (const proxy of proxies) {
    const [, address = '', bits] = /^([^/]*)(?:\/(\d+))?$/.exec(proxy) ?? [];
    const family = isIP(address);
    const isAddress = family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128);
    if (!isAddress && !networks.includes(proxy)) {
      throw new ArgumentError(
        `trustedProxies: ${JSON.stringify(proxy)} is neither an address, nor a network as 10.0.0.0/8, nor one of ${networks.join(', ')}`,
      );
    }
  }
  return proxies.length > 0 && [...proxies];
}
