import { openapiOf } from '@castellan/service';
import { describe, expect, it } from 'vitest';

import { requireAccess } from '../access.guard.js';
import { ADMIN_CONTROLLERS } from '../admin.module.js';
import { ADMIN_ROUTES } from '../routes.js';
import { ADMIN_OPERATIONS, adminApi } from './admin-api.js';

const document = openapiOf(adminApi);

/** A place as the document writes it. */
function documented(method: string, path: string): string {
  return `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`;
}

describe('the OpenAPI document of the admin API', () => {
  it('has every route that is served, at every path, and no other', () => {
    const routes = requireAccess(ADMIN_CONTROLLERS).flatMap(({ method, path, aliases = [] }) =>
      [path, ...aliases].map((each) => documented(method, each)),
    );
    const open = [
      '/.well-known/authzen-configuration',
      '/openapi.json',
      '/health',
      '/health/alive',
      '/health/ready',
      '/version',
    ];
    const places = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(places.sort()).toEqual([...routes, ...open.map((path) => `GET ${path}`)].sort());
    expect(Object.keys(ADMIN_OPERATIONS).sort()).toEqual(Object.keys(ADMIN_ROUTES).sort());
  });

  it('asks for the scope that the guard asks for, and for none where nobody in particular may be let in', () => {
    for (const { method, path, scope, ...route } of Object.values(ADMIN_ROUTES)) {
      const place = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      const anonymous = 'anonymous' in route ? [{}] : [];
      expect(place?.['security'], path).toEqual([{ accessToken: [scope] }, ...anonymous]);
    }
  });

  it('says of a path which of the two forms its errors have', () => {
    const answers = (path: string) => document.paths[path]?.['get']?.['responses'] as Record<string, object>;
    expect(answers('/clients')[401]).toEqual({ $ref: '#/components/responses/Error401' });
    expect(answers('/admin/clients')[401]).toEqual({ $ref: '#/components/responses/PrefixedError401' });
    expect(answers('/oauth2/auth/requests/login')[404]).toEqual({ $ref: '#/components/responses/PrefixedError404' });
  });

  it('takes its bodies from the schemas that the handlers check them with', () => {
    const { schemas } = document.components;
    expect(schemas['AcceptLoginBody']).toMatchObject({
      properties: { subject: { type: ['string', 'null'] }, remember: { type: ['boolean', 'null'] } },
    });
    expect(schemas['RollbackBody']).toMatchObject({ required: ['version'], properties: { version: { minimum: 1 } } });
    // A duration is text on the wire, whatever the handlers make of it.
    expect(schemas['SecretRotationBody']).toMatchObject({ properties: { overlap: { type: ['string', 'null'] } } });
  });
});
