import type { CallOptions } from '@castellan/rpc';
import { type FormParameter, parseQueryParameters } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

import { badRequest } from './admin-error.js';
import { MAX_COUNT } from './admin-query.js';
import { requireDeclared } from './declared-query.js';
import { escapedForHtml } from './json.js';

/**
 * Reads a JSON body of a shape. Members that the shape does not know are ignored (rulings 39); duplicates, depth and
 * size were refused when the body was parsed.
 * @throws HttpError 400 naming the first member that does not fit, never its value
 */
export function readBody<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  const result = schema.safeParse(request.body);
  if (result.success) {
    return result.data;
  }
  const [issue] = result.error.issues;
  const where = issue !== undefined && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw badRequest(`The request body does not fit: ${where}${issue?.message ?? 'unknown'}`);
}

/**
 * Reads a form of a shape. A parameter of it may come once; an empty one counts as absent, others are ignored.
 * @throws HttpError 400 naming a parameter that is missing or comes twice
 */
export function readForm<T extends z.ZodObject>(request: FastifyRequest, schema: T): z.infer<T> {
  const form = new Map<string, string>();
  const seen = new Set<string>();
  for (const { name, value } of request.body as readonly FormParameter[]) {
    if (!Object.hasOwn(schema.shape, name)) continue;
    if (seen.has(name)) throw badRequest(`The parameter ${name} is given more than once`);
    seen.add(name);
    if (value !== '') form.set(name, value);
  }
  const result = schema.safeParse(Object.fromEntries(form));
  if (result.success) return result.data;
  throw badRequest(`The parameter ${result.error.issues[0]?.path.join('.') ?? ''} is missing`);
}

/** A parameter of the path. */
export function pathParameter(request: FastifyRequest, name: string): string {
  const value: unknown = Reflect.get(Object(request.params), name);
  return typeof value === 'string' ? value : '';
}

/** A parameter of the query that may come once, which the route names; `undefined` when it is absent or empty. */
export function queryParameter(request: FastifyRequest, name: string): string | undefined {
  requireDeclared(request, name);
  const values = parseQueryParameters(request.url).filter((parameter) => parameter.name === name);
  if (values.length > 1) {
    throw badRequest(`The parameter ${name} may come once`);
  }
  return values[0]?.value || undefined;
}

/** A count in the query: a whole number from 0 that the services can hold. */
export function queryCount(request: FastifyRequest, name: string, fallback: number): number {
  const text = queryParameter(request, name);
  if (text === undefined) {
    return fallback;
  }
  const count = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= MAX_COUNT)) {
    throw badRequest(`The parameter ${name} must be a whole number from 0 to ${MAX_COUNT}`);
  }
  return count;
}

/** Joins the logs of all services that this request reaches. */
export function callOptionsOf(request: FastifyRequest): CallOptions {
  return { requestId: request.id };
}

/**
 * Sends JSON text. Answers of the admin API hold secrets and change: they are never cached. The body goes as bytes,
 * because Fastify would add a charset to the type of a text.
 */
export function sendJson(
  reply: FastifyReply,
  status: number,
  json: string,
  headers: Record<string, string> = {},
): void {
  void reply
    .status(status)
    .headers({ 'cache-control': 'no-store', 'content-type': 'application/json', ...headers })
    .send(Buffer.from(escapedForHtml(json)));
}

/** Sends the answer to something removed or done, about which there is nothing to say. */
export function sendNothing(reply: FastifyReply, headers: Readonly<Record<string, string>> = {}): void {
  void reply
    .status(204)
    .headers({ 'cache-control': 'no-store', ...headers })
    .send();
}
