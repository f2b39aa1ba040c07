import { RpcError } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { client, createBackends, snapshot } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

/** Links of a Link header by their relation (RFC 8288). */
function links(header: unknown): Record<string, string> {
  return Object.fromEntries(
    [...String(header).matchAll(/<([^>]*)>; rel="([a-z]+)"/g)].map(([, target = '', rel = '']) => [rel, target]),
  );
}

const NO_LIFESPANS =
  '"authorization_code_grant_access_token_lifespan":null,"authorization_code_grant_id_token_lifespan":null,' +
  '"authorization_code_grant_refresh_token_lifespan":null,"client_credentials_grant_access_token_lifespan":null,' +
  '"device_authorization_grant_access_token_lifespan":null,"device_authorization_grant_id_token_lifespan":null,' +
  '"device_authorization_grant_refresh_token_lifespan":null,"implicit_grant_access_token_lifespan":null,' +
  '"implicit_grant_id_token_lifespan":null,"jwt_bearer_grant_access_token_lifespan":null,' +
  '"refresh_token_grant_access_token_lifespan":null,"refresh_token_grant_id_token_lifespan":null,' +
  '"refresh_token_grant_refresh_token_lifespan":null';

const FULL = {
  client_id: 'full',
  client_name: 'Full',
  redirect_uris: ['https://rp.example/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  scope: 'openid offline',
  audience: ['https://api.example/'],
  owner: 'alice',
  policy_uri: 'https://rp.example/policy',
  tos_uri: 'https://rp.example/tos',
  client_uri: 'https://rp.example/',
  logo_uri: 'https://rp.example/logo',
  contacts: ['a@b.c'],
  subject_type: 'pairwise',
  sector_identifier_uri: 'https://rp.example/sector',
  jwks: { keys: [{ kty: 'EC' }] },
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  request_uris: ['https://rp.example/request'],
  request_object_signing_alg: 'ES256',
  userinfo_signed_response_alg: 'RS256',
  frontchannel_logout_uri: 'https://rp.example/frame',
  frontchannel_logout_session_required: true,
  post_logout_redirect_uris: ['https://rp.example/bye'],
  backchannel_logout_uri: 'https://rp.example/logout',
  backchannel_logout_session_required: true,
  metadata: { tier: 'gold', nested: { list: [1, null] } },
  access_token_strategy: 'jwt',
  skip_consent: true,
  skip_logout_consent: true,
  authorization_code_grant_access_token_lifespan: '1h30m0s',
  refresh_token_grant_refresh_token_lifespan: '5m0s',
  client_credentials_grant_access_token_lifespan: '1.5s',
  require_pkce: true,
  default_max_age: 60,
};

describe('POST /admin/clients', () => {
  it('writes a client as Hydra does, with its secret this once', async () => {
    const response = await admin.call('POST', '/admin/clients', '{"client_id":"u1","unknown":1,"client_secret":null}');
    expect([response.statusCode, response.headers.location]).toEqual([201, '/admin/clients/u1']);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toBe(
      '{"client_id":"u1","client_name":"","client_secret":"cs_generated","redirect_uris":[],' +
        '"grant_types":["authorization_code"],"response_types":["code"],"scope":"","audience":[],"owner":"",' +
        '"policy_uri":"","allowed_cors_origins":[],"tos_uri":"","client_uri":"","logo_uri":"","contacts":[],' +
        '"client_secret_expires_at":0,"subject_type":"public","jwks":{},' +
        '"created_at":"1970-01-01T00:00:01.000Z","updated_at":"1970-01-01T00:00:01.000Z","metadata":{},' +
        `"skip_consent":false,"skip_logout_consent":false,${NO_LIFESPANS}}`,
    );
    for (const read of ['/admin/clients/u1', '/admin/clients', '/clients/u1']) {
      expect((await admin.call('GET', read)).body).not.toContain('cs_generated');
    }
  });

  it('takes and shows every member', async () => {
    const created = await admin.call('POST', '/admin/clients', JSON.stringify(FULL));
    expect(created.json()).toMatchObject(FULL);
    expect((await admin.call('GET', '/admin/clients/full')).json()).toMatchObject(FULL);
  });

  it('makes a public client of the authentication method none', async () => {
    await admin.call('POST', '/admin/clients', '{"client_id":"p","token_endpoint_auth_method":"none"}');
    expect(admin.backends.clients.get('p')?.public).toBe(true);
    expect((await admin.call('GET', '/clients/p')).json()).toMatchObject({ id: 'p', public: true });
  });

  it('takes back what it wrote', async () => {
    const written = (await admin.call('POST', '/admin/clients', '{"client_id":"round"}')).body;
    const { client_secret: _secret, ...sent } = JSON.parse(written) as Record<string, unknown>;
    const put = await admin.call('PUT', '/admin/clients/round', JSON.stringify(sent));
    expect([put.statusCode, put.json()]).toEqual([200, { ...sent, updated_at: '1970-01-01T00:00:02.000Z' }]);
  });

  const refused: readonly [title: string, body: string, status: number, error: string][] = [
    ['an ID that a client has', '{"client_id":"stored"}', 409, 'conflict'],
    ['an ID that a group has', '{"client_id":"g1"}', 409, 'conflict'],
    ['a secret that is too short', '{"client_id":"n","client_secret":"12345"}', 400, 'invalid_request'],
    ['origins, which have no effect here', '{"allowed_cors_origins":["https://x"]}', 400, 'invalid_request'],
    ['metadata that is no object', '{"metadata":[1]}', 400, 'invalid_request'],
    ['a lifetime that is none', '{"implicit_grant_id_token_lifespan":"soon"}', 400, 'invalid_request'],
    ['a list with null', '{"redirect_uris":[null]}', 400, 'invalid_request'],
    ['a member twice', '{"owner":"a","owner":"b"}', 400, 'invalid_request'],
    ['no JSON', '{', 400, 'invalid_request'],
  ];
  it.each(refused)(
    'refuses %s in the words that the SDK reads, and stores nothing',
    async (_title, body, status, error) => {
      const before = snapshot(admin.backends);
      const response = await admin.call('POST', '/admin/clients', body);
      expect([response.statusCode, response.json()]).toEqual([
        status,
        { error, error_description: expect.stringMatching(/./), status_code: status },
      ]);
      expect(snapshot(admin.backends)).toBe(before);
    },
  );
});

describe('GET /admin/clients', () => {
  beforeEach(() => {
    const names = ['d', 'b', 'a', 'c', 'e'];
    admin.backends.clients = new Map(
      names.map((id) => [id, client({ id, clientName: id < 'c' ? 'early' : 'late', owner: 'o&o' })] as const),
    );
  });

  async function walk(first: string): Promise<string[][]> {
    const pages: string[][] = [];
    for (let url: string | undefined = first; url !== undefined;) {
      const response = await admin.call('GET', url);
      expect(response.statusCode).toBe(200);
      pages.push(response.json<{ client_id: string }[]>().map((one) => one.client_id));
      url = links(response.headers.link)['next'];
    }
    return pages;
  }

  it('is walked by its links, with the filters kept', async () => {
    expect(await walk('/admin/clients?page_size=2')).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(await walk('/admin/clients?page_size=2&client_name=late&owner=o%26o')).toEqual([['c', 'd'], ['e']]);
    expect(await walk('/admin/clients?owner=nobody')).toEqual([[]]);
    expect(await walk('/admin/clients')).toEqual([['a', 'b', 'c', 'd', 'e']]);
  });

  it('names the first page, and no next one after the last', async () => {
    const { headers } = await admin.call('GET', '/admin/clients?page_size=5000');
    expect(links(headers.link)).toEqual({ first: '/admin/clients?page_size=1000' });
  });

  it('binds a page to its filters and its reader (DB-05)', async () => {
    const { headers } = await admin.call('GET', '/admin/clients?page_size=2');
    const next = links(headers.link)['next'] ?? '';
    expect((await admin.call('GET', `${next}&owner=o%26o`)).statusCode).toBe(400);
    admin.backends.tokens.set('other-token', { subject: 'other', scopes: ['hydra'] });
    admin.backends.decide = () => true;
    const headersOfOther = { authorization: 'Bearer other-token' };
    expect((await admin.callWithout('GET', next, undefined, headersOfOther)).statusCode).toBe(400);
    expect((await admin.call('GET', next)).statusCode).toBe(200);
  });

  it.each(['page_size=0', 'page_size=-1', 'page_size=x', 'page_size=2&page_size=3', 'page_token=forged'])(
    'refuses %s',
    async (query) => {
      const response = await admin.call('GET', `/admin/clients?${query}`);
      expect([response.statusCode, response.json().error]).toEqual([400, 'invalid_request']);
    },
  );
});

describe('PUT /admin/clients/{id}', () => {
  it('replaces the client, and answers a secret only where it set one', async () => {
    const kept = await admin.call('PUT', '/admin/clients/stored', '{"client_name":"New"}');
    expect([kept.statusCode, kept.json().owner, kept.body.includes('client_secret"')]).toEqual([200, '', false]);
    const changed = await admin.call('PUT', '/admin/clients/stored', '{"client_secret":"next-secret"}');
    expect(changed.json().client_secret).toBe('next-secret');
  });

  it('does not switch off what an SDK of Hydra cannot say', async () => {
    admin.backends.clients.set(
      'stored',
      client({ id: 'stored', requirePkce: true, loginConsent: { flow: 'jwt', skipConsent: false } }),
    );
    const put = (body: string) => admin.call('PUT', '/admin/clients/stored', body);
    expect((await put('{"client_name":"New"}')).json()).toMatchObject({
      require_pkce: true,
      login_consent_flow: 'jwt',
    });
    expect((await put('{"require_pkce":false}')).json()).not.toHaveProperty('require_pkce');
  });

  it('refuses another ID, an absent client, and a version that is gone (AD-13)', async () => {
    expect((await admin.call('PUT', '/admin/clients/stored', '{"client_id":"other"}')).statusCode).toBe(400);
    expect((await admin.call('PUT', '/admin/clients/absent', '{}')).json()).toEqual({
      error: 'not_found',
      error_description: 'Not found',
      status_code: 404,
    });
    const { headers } = await admin.call('GET', '/admin/clients/stored');
    const ifMatch = { 'if-match': String(headers.etag) };
    admin.backends.clients.set('stored', client({ id: 'stored', revision: 7 }));
    const url = '/admin/clients/stored';
    expect((await admin.call('PUT', url, '{}', { 'if-match': '"v3"' })).statusCode).toBe(412);
    expect((await admin.call('PUT', url, '{}', ifMatch)).statusCode).not.toBe(200);
    expect((await admin.call('PUT', url, '{}', { 'if-match': '"v7"' })).headers.etag).toBe('"v8"');
  });
});

describe('PATCH /admin/clients/{id}', () => {
  const patch = (...operations: readonly object[]) =>
    admin.call('PATCH', '/admin/clients/full', JSON.stringify(operations));
  beforeEach(() => admin.call('POST', '/admin/clients', JSON.stringify(FULL)));

  it('changes what the patch names and nothing else', async () => {
    const response = await patch(
      { op: 'replace', path: '/client_name', value: 'Patched' },
      { op: 'add', path: '/redirect_uris/-', value: 'https://rp.example/two' },
      { op: 'remove', path: '/metadata/tier' },
      { op: 'replace', path: '/initiate_login_uri', value: 'https://rp.example/start' },
    );
    const { jwks: _keys, ...rest } = FULL;
    expect([response.statusCode, response.json()]).toEqual([
      200,
      expect.objectContaining({
        ...rest,
        client_name: 'Patched',
        redirect_uris: ['https://rp.example/cb', 'https://rp.example/two'],
        metadata: { nested: { list: [1, null] } },
        initiate_login_uri: 'https://rp.example/start',
      }),
    ]);
  });

  it('takes the media type of RFC 6902', async () => {
    const type = { 'content-type': 'application/json-patch+json' };
    const body = '[{"op":"replace","path":"/owner","value":"bob"}]';
    expect((await admin.call('PATCH', '/admin/clients/full', body, type)).json().owner).toBe('bob');
  });

  it('builds on a change that came between reading and writing', async () => {
    const { fails } = admin.backends;
    const stored = admin.backends.clients.get('full');
    let reads = 0;
    Object.defineProperty(fails, 'clients', {
      configurable: true,
      get() {
        reads += 1;
        // After the guard and the handler have read it.
        if (reads === 2) {
          queueMicrotask(() =>
            admin.backends.clients.set('full', { ...client(stored ?? {}), owner: 'bob', revision: 9 }),
          );
        }
        return undefined;
      },
    });
    const response = await patch({ op: 'replace', path: '/client_name', value: 'Late' });
    expect(response.json()).toMatchObject({ client_name: 'Late', owner: 'bob' });
    expect(reads).toBeGreaterThan(2);
  });

  const refused: readonly [title: string, operations: readonly object[]][] = [
    ['another ID', [{ op: 'replace', path: '/client_id', value: 'other' }]],
    ['a test that fails', [{ op: 'test', path: '/owner', value: 'mallory' }]],
    ['a guess of the secret', [{ op: 'test', path: '/client_secret', value: 'secret123' }]],
    ['a value of another type', [{ op: 'replace', path: '/redirect_uris', value: 'https://x' }]],
    ['__proto__', [{ op: 'add', path: '/__proto__/x', value: 1 }]],
    ['no operation', [{}]],
  ];
  it.each(refused)('refuses %s and stores nothing', async (_title, operations) => {
    const before = snapshot(admin.backends);
    const response = await patch(...operations);
    expect([response.statusCode, response.json().error]).toEqual([400, 'invalid_request']);
    expect(snapshot(admin.backends)).toBe(before);
  });
});

describe('the rest of a client', () => {
  it('PUT lifespans replaces all of them and keeps the client', async () => {
    await admin.call('POST', '/admin/clients', JSON.stringify(FULL));
    const response = await admin.call(
      'PUT',
      '/admin/clients/full/lifespans',
      '{"implicit_grant_id_token_lifespan":"1h","refresh_token_grant_id_token_lifespan":null}',
    );
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      {
        owner: 'alice',
        implicit_grant_id_token_lifespan: '1h0m0s',
        authorization_code_grant_access_token_lifespan: null,
      },
    ]);
  });

  it('POST secrets/rotate answers a new secret with or without a body, DELETE ends the old one', async () => {
    const url = '/admin/clients/stored/secrets/rotate';
    expect((await admin.call('POST', url)).json()).toMatchObject({
      client_id: 'stored',
      client_secret: 'cs_generated',
    });
    expect((await admin.call('POST', url, '{"client_secret":"mine-now"}')).json().client_secret).toBe('mine-now');
    const ended = await admin.call('DELETE', url);
    expect([ended.statusCode, ended.json().client_id]).toEqual([200, 'stored']);
    expect((await admin.call('DELETE', url.replace('stored', 'absent'))).statusCode).toBe(404);
  });

  it('DELETE answers 204, then 404', async () => {
    expect((await admin.call('DELETE', '/admin/clients/stored')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/admin/clients/stored')).statusCode).toBe(404);
  });

  it('tells an outage as one, and nothing of our services', async () => {
    admin.backends.fails = { clients: new RpcError('UNAVAILABLE', 'no connection to 10.0.0.9:4451') };
    const response = await admin.call('GET', '/admin/clients', undefined, { 'x-request-id': 'r-1' });
    expect([response.statusCode, response.headers['retry-after'], response.json()]).toEqual([
      503,
      '2',
      {
        error: 'temporarily_unavailable',
        error_description: 'The service is not available at the moment',
        status_code: 503,
        request_id: 'r-1',
      },
    ]);
  });

  it('has the same form for a path that is not there and a verb that it does not have', async () => {
    expect((await admin.call('GET', '/admin/absent')).json()).toMatchObject({ error: 'not_found', status_code: 404 });
    const response = await admin.call('TRACE', '/admin/clients');
    expect([response.statusCode, response.json().error]).toEqual([405, 'method_not_allowed']);
  });
});
