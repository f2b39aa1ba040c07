import type { FastifyRequest } from 'fastify';

import { badRequest } from './admin-error.js';

/** The entity tag (RFC 9110 section 8.8.3) of a version. */
export function entityTag(version: number): string {
  return `"v${version}"`;
}

/**
 * The version that a request's If-Match names; 0 for `*` (any, but the object must exist); `undefined` without the header.
 * @throws HttpError 400 for what is no tag of ours, so that no condition is passed over
 */
export function readIfMatch(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match'];
  if (header === undefined) {
    return undefined;
  }
  if (header.trim() === '*') {
    return 0;
  }
  const version = /^"v([1-9]\d{0,14})"$/.exec(header.trim())?.[1];
  if (version === undefined) {
    throw badRequest('If-Match must hold one entity tag as ETag showed it');
  }
  return Number(version);
}
