import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';

import { queryParameter } from './admin-request.js';
import { declareRoute } from './declared-query.js';
import { ADMIN_ROUTES } from './routes.js';

describe('a parameter of the query', () => {
  const request = { url: '/policies?limit=3&secret=x&constructor=y' } as FastifyRequest;

  it('is read where the route names it, and a fault where it does not', () => {
    expect(() => queryParameter(request, 'limit')).toThrow('the route unknown names no parameter limit');
    declareRoute(request, ADMIN_ROUTES.listPolicies);
    expect(queryParameter(request, 'limit')).toBe('3');
    expect(queryParameter(request, 'offset')).toBeUndefined();
    for (const name of ['secret', 'constructor']) {
      expect(() => queryParameter(request, name)).toThrow(`the route /policies names no parameter ${name}`);
    }
  });
});
