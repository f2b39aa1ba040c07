import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseFormParameters } from './form.js';
import { HttpError } from './http-error.js';
import { parseJsonBody } from './json-body.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What bodies the route takes; `json` when absent. */
    body?: 'form' | 'json';
  }
}

/** Method decorator: the route takes application/x-www-form-urlencoded and gets `FormParameter[]` as its body. */
export function FormBody(): MethodDecorator {
  return RouteConfig({ body: 'form' });
}

type BodyKind = 'form' | 'json' | 'other';

const MEDIA_TYPE = /^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;.*)?$/i;
const KIND_BY_MEDIA_TYPE: ReadonlyMap<string, BodyKind> = new Map([
  ['application/json', 'json'],
  // The original never looked at the type of a JSON request, and its clients rely on that.
  ['text/plain', 'json'],
  // RFC 6902 section 6.
  ['application/json-patch+json', 'json'],
  ['application/x-www-form-urlencoded', 'form'],
]);

/** Throws for what is no UTF-8. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function kindOf(contentType: string | undefined): BodyKind {
  if (contentType === undefined || contentType === '') return 'json';
  const mediaType = MEDIA_TYPE.exec(contentType)?.[1]?.toLowerCase();
  return KIND_BY_MEDIA_TYPE.get(mediaType ?? '') ?? 'other';
}

function parseForm(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new HttpError(400, 'The request parameters are malformed: invalid text');
  }
  return parseFormParameters(text);
}

function parseBody(request: FastifyRequest, bytes: Buffer): unknown {
  const expected = request.routeOptions.config.body ?? 'json';
  const kind = kindOf(request.headers['content-type']);
  if (expected === 'form') {
    if (kind === 'form') return parseForm(bytes);
    if (bytes.byteLength === 0) return [];
    throw new HttpError(400, 'The request body must be application/x-www-form-urlencoded');
  }
  if (kind === 'json' || bytes.byteLength === 0) return parseJsonBody(bytes);
  throw new HttpError(415, 'The request body must be application/json');
}

/** Replaces every parser of the framework by the two of this house, chosen by the route and checked against the header. */
export function addBodyParsers(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      done(null, parseBody(request, Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)));
    } catch (error) {
      done(error instanceof Error ? error : new Error('the body cannot be parsed'));
    }
  });
  server.addHook('preValidation', (request, _reply, done) => {
    // A form route without any body has no parameters, rather than no body.
    if (request.body === undefined && request.routeOptions.config.body === 'form') request.body = [];
    done();
  });
}
