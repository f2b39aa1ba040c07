import type { FastifyRequest } from 'fastify';

import type { AdminRoute } from './admin-route.js';

const routes = new WeakMap<FastifyRequest, AdminRoute>();

/** Says which route a request came to. */
export function declareRoute(request: FastifyRequest, route: AdminRoute): void {
  routes.set(request, route);
}

/**
 * The routes are what the OpenAPI document is written from: what a handler reads of the query must be there.
 *
 * @throws Error a fault, for a parameter that the route of the request does not name
 */
export function requireDeclared(request: FastifyRequest, name: string): void {
  const route = routes.get(request);
  if (route?.query === undefined || !Object.hasOwn(route.query, name)) {
    throw new Error(`the route ${route?.path ?? 'unknown'} names no parameter ${name}`);
  }
}
