import { RpcError } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { client, createBackends, snapshot } from './testing/backends.js';

const REST = '"policy_uri":"","tos_uri":"","client_uri":"","logo_uri":""';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('GET /clients', () => {
  it('answers an object keyed by client ID, in the order of the IDs given', async () => {
    admin.backends.clients = new Map(['b', '__proto__', '7'].map((id) => [id, client({ id })] as const));
    const { body } = await admin.call('GET', '/clients');
    expect(body.match(/"(?:b|__proto__|7)":\{/g)).toEqual(['"b":{', '"__proto__":{', '"7":{']);
  });

  it('writes a client as the original did', async () => {
    admin.backends.clients = new Map([
      [
        'admin',
        client({
          id: 'admin',
          clientName: '\u2026',
          redirectUris: ['http://localhost:4445/callback'],
          grantTypes: ['implicit', 'refresh_token', 'authorization_code', 'password', 'client_credentials'],
          responseTypes: ['id_token', 'code', 'token'],
          scope: 'hydra openid offline',
        }),
      ],
    ]);
    const response = await admin.call('GET', '/clients');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/json');
    expect(response.body).toBe(
      '{"admin":{"id":"admin","client_name":"\u2026","redirect_uris":["http://localhost:4445/callback"],' +
        '"grant_types":["implicit","refresh_token","authorization_code","password","client_credentials"],' +
        `"response_types":["id_token","code","token"],"scope":"hydra openid offline","owner":"",${REST},` +
        '"contacts":null,"public":false}}',
    );
  });

  it('answers {} where there are none', async () => {
    admin.backends.clients.clear();
    expect((await admin.call('GET', '/clients')).body).toBe('{}');
  });
});

describe('POST /clients', () => {
  it('answers the client with its secret, once', async () => {
    const response = await admin.call(
      'POST',
      '/clients',
      '{"id":"u1","client_secret":"secret123","owner":"alice","contacts":["a@b.c","d@e.f"],"unknown":1}',
    );
    expect([response.statusCode, response.headers.location]).toEqual([201, '/clients/u1']);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toBe(
      '{"id":"u1","client_name":"","client_secret":"secret123","redirect_uris":null,"grant_types":null,' +
        `"response_types":null,"scope":"","owner":"alice",${REST},"contacts":["a@b.c","d@e.f"],"public":false}`,
    );
    for (const read of ['/clients/u1', '/clients']) {
      expect((await admin.call('GET', read)).body).not.toContain('secret');
    }
  });

  it('takes null for anything, as Go clients send it, and shows the newer members only when set', async () => {
    const body =
      '{"id":null,"redirect_uris":null,"public":null,"token_endpoint_auth_method":"none","require_pkce":true}';
    const response = await admin.call('POST', '/clients', body);
    expect(response.statusCode).toBe(201);
    expect(response.headers.location).toBe('/clients/made-up-id');
    expect(response.body).toMatch(/"public":false,"token_endpoint_auth_method":"none","require_pkce":true\}$/);
    expect(response.json().client_secret).toBe('cs_generated');
  });

  it('takes and shows what a client says about logout, by the names of the standards', async () => {
    const logout = {
      post_logout_redirect_uris: ['https://rp.example/bye'],
      backchannel_logout_uri: 'https://rp.example/logout',
      backchannel_logout_session_required: true,
      frontchannel_logout_uri: 'https://rp.example/frame',
      frontchannel_logout_session_required: true,
      skip_logout_consent: true,
    };
    const created = await admin.call('POST', '/clients', JSON.stringify({ id: 'leaver', ...logout }));
    expect(created.json()).toMatchObject(logout);
    expect((await admin.call('GET', '/clients/leaver')).json()).toMatchObject(logout);
    expect((await admin.call('PUT', '/clients/leaver', '{"skip_logout_consent":false}')).body).not.toContain('logout');
  });

  it('percent-encodes the ID in Location', async () => {
    const response = await admin.call('POST', '/clients', '{"id":"a/b \u00e9"}');
    expect(response.headers.location).toBe('/clients/a%2Fb%20%C3%A9');
  });

  it('passes warnings on to the operator, in a header and in the log', async () => {
    admin.backends.warnings = ['The secret is short\u2026', 'Second'];
    const response = await admin.call('POST', '/clients', '{"id":"w","client_secret":"123456"}');
    expect(response.headers['x-castellan-warning']).toEqual(['The secret is short?', 'Second']);
    expect(admin.log.join('')).toContain('The secret is short');
    expect(admin.log.join('')).not.toContain('123456');
  });

  const refused: readonly [title: string, body: string, status: number][] = [
    ['an ID that a client has', '{"id":"stored"}', 409],
    ['an ID that a group has', '{"id":"g1"}', 409],
    ['a secret that is too short', '{"id":"n","client_secret":"12345"}', 400],
    ['a list with null', '{"redirect_uris":[null]}', 400],
    ['an object for a list', '{"redirect_uris":{"0":"x","length":1}}', 400],
    ['a number for text', '{"owner":1}', 400],
    ['text for a flag', '{"public":"true"}', 400],
    ['a list', '[]', 400],
    ['no object', 'null', 400],
    ['no JSON', 'nope', 400],
    ['a member twice', '{"id":"a","id":"b"}', 400],
    ['a member twice, once escaped', '{"id":"a","\\u0069d":"b"}', 400],
    ['trailing text', '{"id":"a"} x', 400],
    ['__proto__', '{"__proto__":{"polluted":true}}', 400],
  ];
  it.each(refused)('refuses %s and stores nothing', async (_title, body, status) => {
    const before = snapshot(admin.backends);
    const response = await admin.call('POST', '/clients', body);
    expect([response.statusCode, response.json().error.code]).toEqual([status, status]);
    expect(snapshot(admin.backends)).toBe(before);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('refuses a form', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await admin.call('POST', '/clients', 'id=a', headers)).statusCode).toBe(415);
  });

  it('stores nothing while the groups cannot be asked', async () => {
    admin.backends.fails = { groups: new RpcError('DEADLINE_EXCEEDED', 'late') };
    const before = snapshot(admin.backends);
    const response = await admin.call('POST', '/clients', '{"id":"n"}');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    expect(snapshot(admin.backends)).toBe(before);
  });
});

describe('/clients/{id}', () => {
  it('GET answers 404 for a client that does not exist', async () => {
    const response = await admin.call('GET', '/clients/nope', undefined, { 'x-request-id': 'req-1' });
    expect(response.statusCode).toBe(404);
    expect(response.body).toBe('{"error":{"code":404,"status":"Not Found","request":"req-1","message":"Not found"}}\n');
  });

  it.each(['a\u0000b', '{"x":1}', 'x'.repeat(200)])('never echoes a request ID like %j', async (id) => {
    const response = await admin.call('GET', '/clients/nope', undefined, {
      'x-request-id': id.replace('\u0000', '\t'),
    });
    expect(response.json().error.request).toBeUndefined();
  });

  it('PUT replaces, answers 201 and no secret', async () => {
    const response = await admin.call(
      'PUT',
      '/clients/stored',
      '{"id":"stored","client_secret":"new-secret","scope":"a"}',
    );
    expect([response.statusCode, response.headers.location]).toEqual([201, '/clients/stored']);
    expect(response.body).toBe(
      '{"id":"stored","client_name":"","redirect_uris":null,"grant_types":null,"response_types":null,"scope":"a",' +
        `"owner":"",${REST},"contacts":null,"public":false}`,
    );
  });

  it('PUT takes a body without an ID and refuses another ID', async () => {
    expect((await admin.call('PUT', '/clients/stored', '{}')).statusCode).toBe(201);
    const response = await admin.call('PUT', '/clients/stored', '{"id":"other"}');
    expect([response.statusCode, response.json().error.message]).toEqual([
      400,
      'Payload ID does not match ID from URL',
    ]);
  });

  it('PUT and DELETE answer 404 for a client that does not exist', async () => {
    expect((await admin.call('PUT', '/clients/nope', '{}')).statusCode).toBe(404);
    expect((await admin.call('DELETE', '/clients/nope')).statusCode).toBe(404);
  });

  it('DELETE answers 204', async () => {
    const response = await admin.call('DELETE', '/clients/stored');
    expect([response.statusCode, response.body, admin.backends.clients.size]).toEqual([204, '', 0]);
  });
});

describe('POST /clients/{id}/secret', () => {
  it('gives a client a second secret, shown once, with the times of both', async () => {
    const answer = await admin.call('POST', '/clients/stored/secret', '{"overlap":"24h","lifetime":"720h"}');
    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      id: 'stored',
      client_secret: 'cs_generated',
      client_secret_expires_at: 2_592_000,
      client_secrets: [{ expires_at: 2_592_000 }, { expires_at: 86_400, last_used_at: 5 }],
    });
    expect((await admin.call('POST', '/clients/stored/secret', '{"overlap":"soon"}')).statusCode).toBe(400);
    expect((await admin.call('POST', '/clients/absent/secret', '{}')).statusCode).toBe(404);
  });
});
