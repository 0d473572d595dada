import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ArgumentError } from '../errors.js';
import { ApiError } from './api-error.js';

/**
 * No request could carry another key: whoever set one would be locked out.
 * @throws ArgumentError; the key is not told
 */
export function checkKey(apiKey: string | undefined): void {
  if (apiKey === undefined || /^[\x21-\x7e]+$/.test(apiKey)) return;
  throw new ArgumentError('the API key may have letters, digits and signs of ASCII alone, no spaces, at least one');
}

/** @returns what throws ApiError 401 where a request does not carry the key */
export function requireKey(apiKey: string): (request: FastifyRequest) => void {
  const expected = digest(apiKey);
  return ({ headers }) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '') ?? [];
    // Digests are of one length, and comparing them takes the same time wherever they differ.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return;
    const message = given === undefined ? 'an API key is needed: Authorization: Bearer KEY' : 'the API key is wrong';
    throw new ApiError(401, message, { type: 'authentication_error', code: 'invalid_api_key' });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whom a request is for: waiting requests of different clients take turns. */
export function clientOf(request: FastifyRequest, user: string | null | undefined): string {
  return user ? `user:${user}` : `address:${request.ip}`;
}
