import type { FastifyRequest } from 'fastify';
import { ArgumentError } from '../errors.js';
import { ApiError } from './api-error.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether only this machine can reach a server that listens there. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === '::1';
}

/**
 * A server on loopback is meant for this machine. A page of the web whose name is made to point there (DNS rebinding) would
 * reach it all the same, under its own name: other names are refused.
 * @param allowed names beside loopback's, without port; `any` refuses none
 * @returns what throws ApiError 403
 * @throws ArgumentError for a name that no request could have
 */
export function requireHost(allowed: readonly string[] | 'any'): (request: FastifyRequest) => void {
  const names = new Set(allowed === 'any' ? [] : allowed.map(checkName));
  return ({ headers: { host = '' } }) => {
    const name = host.replace(/:\d*$/, '').toLowerCase();
    if (name === '') throw new ApiError(400, 'the request has no Host header', { code: 'no_host' });
    if (allowed === 'any' || LOOPBACK.test(name) || names.has(name)) return;
    const message = `this server does not answer for the name ${JSON.stringify(name.slice(0, 100))}`;
    throw new ApiError(403, message, { code: 'host_not_allowed' });
  };
}

/** As a Host header has it, without port. */
function checkName(given: string): string {
  const address = `http://${given}`;
  const name = URL.canParse(address) && !given.includes('*') ? new URL(address).hostname : undefined;
  if (name === given.toLowerCase()) return name;
  const told = name ?? 'a name alone, such as chat.example.org';
  throw new ArgumentError(`allowedHosts: ${JSON.stringify(given)} is no request's host; requests have ${told}`);
}
