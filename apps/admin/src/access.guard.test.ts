import { Controller, Get } from '@nestjs/common';
import { RpcError } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Access, AdminController, requireAccess } from './access.guard.js';
import { ADMIN_CONTROLLERS } from './admin.module.js';
import type { AdminRoute } from './admin-route.js';
import { ADMIN_ROUTES } from './routes.js';
import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, snapshot, type AccessRequest } from './testing/backends.js';

const ROUTES: readonly [name: string, route: AdminRoute][] = Object.entries(ADMIN_ROUTES);

/** A path that names stored objects, and a body that would be accepted. */
function urlOf(route: AdminRoute): string {
  const first = route.path.replace(/^\/admin/, '').split('/')[1] ?? '';
  const ids: Readonly<Record<string, string>> = {
    clients: 'stored',
    policies: 'p1',
    'policy-imports': 'i1',
    warden: 'g1',
    'resource-servers': 'rs1',
    logout: '1',
    oauth2: 'c1',
  };
  const id = ids[first] ?? '';
  const path = route.path.replace(':id', id).replace(':set', 's1').replace(':key', 'k9');
  if (path.includes('/auth/requests/login')) return `${path}?login_challenge=c1`;
  if (path.includes('/auth/requests/consent')) return `${path}?consent_challenge=c1`;
  if (path.includes('/auth/sessions/')) return `${path}?subject=alice${route.action === 'delete' ? '&all=true' : ''}`;
  if (path === '/grants' || path === '/admin/oauth2/tokens') return `${path}?client_id=stored`;
  if (path.includes('/requests/logout')) return `${path}?logout_challenge=c1`;
  return path === '/warden/groups' && route.method === 'GET' ? `${path}?member=peter` : path;
}

function bodyOf(route: AdminRoute): string | undefined {
  if (route.method === 'PATCH') return '[{"op":"replace","path":"/owner","value":"mallory"}]';
  // A form; without one it is refused after the guard only.
  const hasNoJson = route.method === 'GET' || route.path === '/admin/oauth2/introspect';
  return hasNoJson
    ? undefined
    : '{"id":"","alg":"HS256","keys":[],"members":["x"],"subject":"s","uri":"urn:x","version":1,"policies":[{"id":"p9"}]}';
}

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('a route of the admin API', () => {
  it('is served for every row of the table and for nothing else', () => {
    const served = requireAccess(ADMIN_CONTROLLERS);
    expect(new Set(served)).toEqual(new Set(Object.values(ADMIN_ROUTES)));
    expect(served.length).toBe(ROUTES.length);
  });

  it('does not start without a declared access', () => {
    @AdminController()
    class Forgetful {
      @Access(ADMIN_ROUTES.listClients)
      declared(): void {}

      @Get('forgotten')
      forgotten(): void {}
    }
    expect(() => requireAccess([Forgetful])).toThrow('Forgetful.forgotten declares no access');
  });

  it('does not start outside the guard', () => {
    @Controller()
    class Outside {
      @Access(ADMIN_ROUTES.listClients)
      list(): void {}
    }
    expect(() => requireAccess([Outside])).toThrow('Outside is not behind the access guard');
  });
});

describe.each(ROUTES)('%s', (_name, route) => {
  const refusals: readonly [
    title: string,
    authorization: string | undefined,
    status: number,
    challenge: string | undefined,
  ][] = [
    ['no token', undefined, 401, 'Bearer'],
    ['another scheme', 'Basic eDp5', 401, 'Bearer'],
    ['an unknown token', 'Bearer unknown', 401, 'Bearer error="invalid_token"'],
    ['no token after the scheme', 'Bearer ', 401, 'Bearer'],
    ['a malformed token', 'Bearer a b', 401, 'Bearer error="invalid_token"'],
    [
      'a token without the scope',
      'Bearer no-scope-token',
      403,
      `Bearer error="insufficient_scope", scope="${route.scope}"`,
    ],
    ['a token whose subject no policy allows', 'bearer no-policy-token', 403, undefined],
  ];
  it.each(refusals)('refuses %s and changes nothing', async (_title, authorization, status, challenge) => {
    const before = snapshot(admin.backends);
    const headers = authorization !== undefined ? { authorization } : {};
    const response = await admin.callWithout(route.method, urlOf(route), bodyOf(route), headers);
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([status, challenge]);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.headers['cache-control']).toBe('no-store');
    if (/^\/(?:admin|oauth2\/auth)\//.test(route.path)) expect(response.json()).toMatchObject({ status_code: status });
    else expect(response.json().error).toMatchObject({ code: status });
    expect(snapshot(admin.backends)).toBe(before);
  });

  it('refuses a caller who may do everything but this action', async () => {
    admin.backends.decide = ({ subject, action }) => subject === 'root' && action !== route.action;
    const before = snapshot(admin.backends);
    const response = await admin.call(route.method, urlOf(route), bodyOf(route));
    expect([response.statusCode, snapshot(admin.backends)]).toEqual([403, before]);
  });

  it('says nothing about whether the object exists to a caller who may not know', async () => {
    const absent = urlOf(route).replace(/stored|p1|g1|s1/, 'absent');
    for (const token of ['Bearer unknown', 'Bearer no-scope-token', 'Bearer no-policy-token']) {
      const [there, notThere] = await Promise.all(
        [urlOf(route), absent].map((url) =>
          admin.callWithout(route.method, url, bodyOf(route), { authorization: token }),
        ),
      );
      expect([there?.statusCode, there?.body]).toEqual([notThere?.statusCode, notThere?.body]);
    }
  });

  it('lets nobody in while the Warden is away', async () => {
    admin.backends.fails = { warden: new RpcError('UNAVAILABLE', 'no connection to 10.0.0.9:4452') };
    const before = snapshot(admin.backends);
    const response = await admin.call(route.method, urlOf(route), bodyOf(route));
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    expect(response.body).not.toContain('10.0.0.9');
    expect(snapshot(admin.backends)).toBe(before);
  });

  it('refuses a token in two places', async () => {
    const url = urlOf(route);
    const both = `${url}${url.includes('?') ? '&' : '?'}access_token=root-token`;
    expect((await admin.call(route.method, both, bodyOf(route))).statusCode).toBe(400);
    expect((await admin.callWithout(route.method, both, bodyOf(route))).statusCode).toBe(401);
  });

  it('ignores cookies', async () => {
    const headers = { cookie: 'access_token=root-token; Authorization=Bearer root-token' };
    expect((await admin.callWithout(route.method, urlOf(route), bodyOf(route), headers)).statusCode).toBe(401);
  });

  it('is reached unguarded by no spelling of its path', async () => {
    const [path = ''] = urlOf(route).split('?');
    const variants = [
      `/${path}`,
      `${path}/`,
      path.toUpperCase(),
      `${path};x`,
      path.replace(/^\/./, (start) => `/%${start.charCodeAt(1).toString(16)}`),
      `/.${path}`,
      `/x/..${path}`,
      `${path}%2f`,
      `${path}%00`,
      `${path}?x`,
      `http://evil.example${path}`,
    ];
    const statuses = await Promise.all(variants.map((variant) => admin.statusOf(route.method, variant)));
    expect(statuses.filter((status) => ![400, 401, 404, 405].includes(status))).toEqual([]);
  });
});

describe('what the Warden is asked', () => {
  const encoded = '/keys/a%3Ab/c%3Ad';
  const questions: readonly [
    method: string,
    url: string,
    body: string | undefined,
    resources: string[],
    action: string,
  ][] = [
    ['GET', '/clients', undefined, ['rn:hydra:clients'], 'get'],
    ['POST', '/clients', '{"owner":"bob"}', ['rn:hydra:clients'], 'create'],
    ['GET', '/clients/stored', undefined, ['rn:hydra:clients:stored'], 'get'],
    ['GET', '/clients/x%3Ay', undefined, ['rn:hydra:clients:x%3Ay'], 'get'],
    ['GET', '/clients/%3C.*%3E', undefined, ['rn:hydra:clients:%3C.%2A%3E'], 'get'],
    ['GET', '/clients/%253A', undefined, ['rn:hydra:clients:%253A'], 'get'],
    ['PUT', '/clients/stored', '{}', ['rn:hydra:clients'], 'update'],
    ['DELETE', '/clients/stored', undefined, ['rn:hydra:clients:stored'], 'delete'],
    ['GET', '/keys/s1/public', undefined, ['rn:hydra:keys:s1:public'], 'get'],
    ['GET', '/keys/s1/public:x', undefined, ['rn:hydra:keys:s1:public:x'], 'get'],
    ['GET', '/keys/s1/k9', undefined, ['rn:hydra:keys:s1:k9', 'rn:hydra:keys:s1:private'], 'get'],
    ['GET', encoded, undefined, ['rn:hydra:keys:a%3Ab:c%3Ad'], 'get'],
    ['GET', '/keys/s1', undefined, ['rn:hydra:keys:s1', 'rn:hydra:keys:s1:private', 'rn:hydra:keys:s1:public'], 'get'],
    ['GET', '/keys/absent', undefined, ['rn:hydra:keys:absent', 'rn:hydra:keys:absent:public'], 'get'],
    ['POST', '/keys/s2', '{"alg":"HS256"}', ['rn:hydra:keys:s2'], 'create'],
    ['PUT', '/keys/s1', '{"keys":[]}', ['rn:hydra:keys:s1'], 'update'],
    ['PUT', '/keys/s1/k9', '{}', ['rn:hydra:keys:s1:k9', 'rn:hydra:keys:s1:private'], 'update'],
    ['PUT', '/keys/s1/new', '{"kid":"private"}', ['rn:hydra:keys:s1:new'], 'update'],
    ['DELETE', '/keys/s1', undefined, ['rn:hydra:keys:s1'], 'delete'],
    ['DELETE', '/keys/s1/k9', undefined, ['rn:hydra:keys:s1:k9', 'rn:hydra:keys:s1:private'], 'delete'],
    ['GET', '/policies', undefined, ['rn:hydra:policies'], 'list'],
    ['POST', '/policies', '{}', ['rn:hydra:policies'], 'create'],
    ['GET', '/policies/p1', undefined, ['rn:hydra:policies:p1'], 'get'],
    ['PUT', '/policies/p1', '{"id":"p1"}', ['rn:hydra:policies:p1'], 'update'],
    ['DELETE', '/policies/p1', undefined, ['rn:hydra:policies:p1'], 'delete'],
    ['POST', '/warden/allowed', '{}', ['rn:hydra:warden:allowed'], 'decide'],
    ['POST', '/warden/token/allowed', '{}', ['rn:hydra:warden:token:allowed'], 'decide'],
    ['GET', '/warden/groups?member=peter', undefined, ['rn:hydra:warden:groups:peter'], 'get'],
    ['POST', '/warden/groups', '{}', ['rn:hydra:warden:groups'], 'create'],
    ['GET', '/warden/groups/g1', undefined, ['rn:hydra:warden:groups:g1'], 'get'],
    ['DELETE', '/warden/groups/g1', undefined, ['rn:hydra:warden:groups:g1'], 'delete'],
    ['POST', '/warden/groups/g1/members', '{}', ['rn:hydra:warden:groups:g1'], 'members.add'],
    ['DELETE', '/warden/groups/g1/members', '{}', ['rn:hydra:warden:groups:g1'], 'members.remove'],
    ['GET', '/health/stats', undefined, ['rn:hydra:health:stats'], 'get'],
    ['GET', '/admin/clients', undefined, ['rn:hydra:clients'], 'get'],
    ['POST', '/admin/clients', '{"owner":"bob"}', ['rn:hydra:clients'], 'create'],
    ['GET', '/admin/clients/stored', undefined, ['rn:hydra:clients:stored'], 'get'],
    ['PUT', '/admin/clients/stored', '{}', ['rn:hydra:clients'], 'update'],
    ['PATCH', '/admin/clients/stored', '[]', ['rn:hydra:clients'], 'update'],
    ['PUT', '/admin/clients/stored/lifespans', '{}', ['rn:hydra:clients'], 'update'],
    ['POST', '/admin/clients/stored/secrets/rotate', '{}', ['rn:hydra:clients:stored'], 'update'],
    ['DELETE', '/admin/clients/stored/secrets/rotate', undefined, ['rn:hydra:clients:stored'], 'update'],
    ['DELETE', '/admin/clients/x%3Ay', undefined, ['rn:hydra:clients:x%3Ay'], 'delete'],
    ['GET', '/admin/keys/s1/k9', undefined, ['rn:hydra:keys:s1:k9', 'rn:hydra:keys:s1:private'], 'get'],
    ['PUT', '/admin/keys/s1/k9', '{}', ['rn:hydra:keys:s1:k9', 'rn:hydra:keys:s1:private'], 'update'],
    ['DELETE', '/admin/keys/s1', undefined, ['rn:hydra:keys:s1'], 'delete'],
    ['POST', '/admin/oauth2/introspect', undefined, ['rn:hydra:oauth2:tokens'], 'introspect'],
    ['DELETE', '/admin/oauth2/tokens?client_id=x', undefined, ['rn:castellan:grants'], 'delete'],
  ];
  it.each(questions)('%s %s %s', async (method, url, body, resources, action) => {
    const asked: AccessRequest[] = [];
    admin.backends.decide = (access) => {
      asked.push(access);
      return true;
    };
    await admin.call(method, url, body);
    const guard = asked.filter(({ subject }) => subject === 'root');
    expect(guard.map(({ resource }) => resource)).toEqual(resources);
    expect(new Set(guard.map((access) => access.action))).toEqual(new Set([action]));
  });

  const owners: readonly [method: string, url: string, body: string | undefined, owner: string][] = [
    ['POST', '/clients', '{"owner":"bob"}', 'bob'],
    ['POST', '/clients', '{"owner":["bob"]}', ''],
    ['GET', '/clients/stored', undefined, 'alice'],
    ['PUT', '/clients/stored', '{"owner":"mallory"}', 'alice'],
    ['POST', '/admin/clients', '{"owner":"bob"}', 'bob'],
    ['PATCH', '/admin/clients/stored', '[{"op":"replace","path":"/owner","value":"mallory"}]', 'alice'],
    ['DELETE', '/clients/stored', undefined, 'alice'],
    ['DELETE', '/clients/absent', undefined, ''],
  ];
  it.each(owners)('%s %s %s tells it the owner %j', async (method, url, body, owner) => {
    let context: unknown;
    admin.backends.decide = (access) => {
      context = access.context;
      return false;
    };
    expect((await admin.call(method, url, body)).statusCode).toBe(403);
    expect(context).toEqual({ owner });
  });

  it('keeps a narrow policy narrow', async () => {
    admin.backends.decide = ({ resource }) => resource === 'rn:hydra:clients:stored';
    const calls: readonly [string, string, number][] = [
      ['GET', '/clients/stored', 200],
      ['GET', '/clients/other', 403],
      ['GET', '/clients', 403],
      ['POST', '/clients', 403],
      ['PUT', '/clients/stored', 403],
      ['GET', '/clients/stored%2Fother', 403],
    ];
    for (const [method, url, status] of calls) {
      const body = method === 'GET' ? undefined : '{}';
      expect([method, url, (await admin.call(method, url, body)).statusCode]).toEqual([method, url, status]);
    }
  });

  const unusable = ['%00', '%0a', 'a%7f', 'x'.repeat(256), '%ff'];
  it.each(unusable)('nothing for the ID %s', async (id) => {
    let asked = 0;
    admin.backends.decide = () => (asked += 1) > 0;
    const response = await admin.call('GET', `/clients/${id}`);
    expect([response.statusCode, asked]).toEqual([400, 0]);
  });

  it('nothing for an empty ID', async () => {
    expect((await admin.call('GET', '/clients/')).statusCode).toBe(404);
  });
});

describe('a verb that a path does not have', () => {
  const paths = [...new Set(ROUTES.map(([, route]) => route.path))];
  it.each(paths)('is 405 with Allow at %s', async (path) => {
    const methods = ROUTES.filter(([, route]) => route.path === path).map(([, route]) => route.method);
    const url = path.replace(/:[a-z]+/g, 'x');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const) {
      if (!(methods as string[]).includes(method)) {
        const response = await admin.call(method, url);
        expect([method, response.statusCode]).toEqual([method, 405]);
        const allowed = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
        expect(String(response.headers.allow).split(', ').sort()).toEqual([...allowed].sort());
      }
    }
  });

  it('is not reached by X-HTTP-Method-Override', async () => {
    const before = snapshot(admin.backends);
    const response = await admin.call('GET', '/clients/stored', undefined, { 'x-http-method-override': 'DELETE' });
    expect([response.statusCode, snapshot(admin.backends)]).toEqual([200, before]);
  });

  it('HEAD is guarded like GET', async () => {
    expect((await admin.callWithout('HEAD', '/clients')).statusCode).toBe(401);
    const response = await admin.call('HEAD', '/clients');
    expect([response.statusCode, response.body]).toEqual([200, '']);
  });
});
