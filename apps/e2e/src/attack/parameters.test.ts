import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type RawAnswer, sendBytes, sendRawForm } from './raw.js';
import {
  admin,
  authorizationQuery,
  claimsOfChallenge,
  errorOf,
  grantRows,
  newCode,
  rawTo,
  redeem,
  tokensOf,
  useTarget,
} from './target.js';

const target = useTarget();
type Header = readonly [string, string];

function basic(): Header {
  const { id, secret } = target().clients.svc;
  return ['Authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`];
}

function bearer(): Header {
  return ['Authorization', `Bearer ${target().root}`];
}

const formType: Header = ['Content-Type', 'application/x-www-form-urlencoded'];
const jsonType: Header = ['Content-Type', 'application/json'];
const credentials = 'grant_type=client_credentials&scope=docs';

function postJson(path: string, body: string | Buffer, ...headers: Header[]): Promise<RawAnswer> {
  return rawTo(target(), {
    method: 'POST',
    path,
    headers: [bearer(), ...(headers.length > 0 ? headers : [jsonType])],
    body,
  });
}

/** Connections whose request stops in the middle of a header; the last row of this file looks what became of them. */
const stalled: { readonly since: number; readonly closed: Promise<unknown> }[] = [];

function stall(): void {
  const socket = connect({ port: target().port, host: 'localhost', rejectUnauthorized: false });
  socket.on('error', () => undefined);
  socket.resume();
  socket.write('POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nX-Slow: ');
  stalled.push({ since: Date.now(), closed: new Promise((resolve) => socket.once('close', resolve)) });
}

describe('parameters', () => {
  it('PM-13: many requests that never end keep nobody else waiting', async () => {
    for (let each = 0; each < 50; each++) stall();
    const startedAt = Date.now();
    expect((await rawTo(target(), { path: '/.well-known/jwks.json' })).status).toBe(200);
    expect(Date.now() - startedAt).toBeLessThan(5_000);
  });

  it.each([
    'grant_type=client_credentials',
    'grant_type=password',
    'scope=docs',
    'scope=hydra',
    'client_id=svc&client_id=svc',
    'x=1&x=1',
  ])('PM-01: %s twice in a token request is one too many', async (again) => {
    const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${again}`, [basic()]);
    expect([answer.status, errorOf({ text: answer.body })]).toEqual([400, 'invalid_request']);
  });

  it.each([
    'client_id=conf',
    'client_id=evil',
    'redirect_uri=https%3A%2F%2Fevil.example%2Fcb',
    'scope=openid',
    'state=x',
    'response_type=token',
    'nonce=x',
    'whatever=1&whatever=2',
  ])('PM-01: %s twice in an authorization request ends on our page', async (again) => {
    for (const query of [`${authorizationQuery('conf')}&${again}`, `${again}&${authorizationQuery('conf')}`]) {
      const answer = await rawTo(target(), { path: `/oauth2/auth?${query}` });
      expect([answer.status, answer.headers.has('location')]).toEqual([400, false]);
      const posted = await sendRawForm(target().port, '/oauth2/auth', query);
      expect([posted.status, posted.headers.has('location')]).toEqual([400, false]);
    }
  });

  it('PM-01: a second value behind hundreds of empty pairs is still a second value', async () => {
    const gap = '&'.repeat(410);
    const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}${gap}state=x` });
    expect([answer.status, answer.headers.has('location')]).toEqual([400, false]);
    const token = await sendRawForm(target().port, '/oauth2/token', `${credentials}${gap}scope=hydra`, [basic()]);
    expect(token.status).toBe(400);
  });

  it.each([
    'scope[]=hydra',
    'scope[a]=hydra',
    'scope.a=hydra',
    'Scope=hydra',
    '__proto__=x',
    '__proto__[scope]=hydra',
    'scope%00=hydra',
  ])('PM-02: %s is another parameter than scope', async (odd) => {
    const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${odd}`, [basic()]);
    if (odd.includes('%00')) expect(answer.status).toBe(400);
    else expect(tokensOf({ text: answer.body }).scope).toBe('docs');
  });

  it('PM-03: an empty value is none', async () => {
    const answer = await sendRawForm(target().port, '/oauth2/token', 'grant_type=client_credentials&scope=&resource=', [
      basic(),
    ]);
    expect(tokensOf({ text: answer.body }).scope).toBe('');
  });

  it('PM-05: the query of a token-type endpoint is nothing, and so is that of a posted authorization request', async () => {
    const answer = await sendRawForm(target().port, `/oauth2/token?${credentials}&client_id=svc&client_secret=x`, '', [
      basic(),
    ]);
    expect([answer.status, errorOf({ text: answer.body })]).toEqual([400, 'invalid_request']);
    const scoped = await sendRawForm(target().port, '/oauth2/token?scope=hydra', credentials, [basic()]);
    expect(tokensOf({ text: scoped.body }).scope).toBe('docs');
    const posted = await sendRawForm(
      target().port,
      '/oauth2/auth?redirect_uri=https%3A%2F%2Fevil.example%2Fcb&client_id=evil&scope=profile&state=query',
      authorizationQuery('conf'),
    );
    expect(posted.status).toBe(303);
    const claims = claimsOfChallenge(posted.headers.get('location')?.[0] ?? '');
    expect(claims['aud']).toBe('conf');
    expect(String(claims['redir'])).not.toMatch(/evil|state=query|scope=profile/);
  });

  it.each(['%00', '%01', '%1f', '%7f', '%ff%fe', '%c0%af', '%ed%a0%80', '%', '%4', '%0d%0a', '%c2%85'])(
    'PM-06, DB-10: %s in a value is refused at the edge',
    async (bytes) => {
      const { port } = target();
      const answers = [
        await sendRawForm(port, '/oauth2/token', `${credentials}%20${bytes}`, [basic()]),
        await sendRawForm(port, '/oauth2/revoke', `token=x${bytes}`, [basic()]),
        await sendRawForm(port, '/oauth2/introspect', `token=x${bytes}`, [basic()]),
        await rawTo(target(), { path: `/oauth2/auth?client_id=conf${bytes}` }),
        await rawTo(target(), { path: `/oauth2/auth?client_id=x&${bytes}=1` }),
        await rawTo(target(), { path: `/policies?limit=1${bytes}`, headers: [bearer()] }),
        await rawTo(target(), { path: `/warden/groups?member=x${bytes}`, headers: [bearer()] }),
      ];
      // A C1 control is text to the admin API; nobody else takes it.
      for (const [index, answer] of answers.entries()) {
        if (bytes === '%c2%85' && index === 6) expect([200, 400]).toContain(answer.status);
        else expect(answer.status, String(index)).toBe(400);
      }
    },
  );

  it.each(['%00', '%0a', '%ff', '%c0%af', '%ed%a0%80', '%', '%2', '..%00'])(
    'PM-06, AD-07: an ID %s in a path names nothing',
    async (bytes) => {
      for (const path of [
        `/clients/x${bytes}`,
        `/policies/${bytes}`,
        `/keys/set${bytes}/kid`,
        `/keys/set/kid${bytes}`,
        `/warden/groups/x${bytes}`,
      ]) {
        const answer = await rawTo(target(), { path, headers: [bearer()] });
        expect([400, 404], path).toContain(answer.status);
      }
    },
  );

  it('PM-06: raw bytes that are no text are refused', async () => {
    const raw = Buffer.concat([Buffer.from(`${credentials}&x=`), Buffer.from([0xff, 0xfe])]);
    expect((await sendRawForm(target().port, '/oauth2/token', raw, [basic()])).status).toBe(400);
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80]]) {
      const body = Buffer.concat([Buffer.from('{"id":"'), Buffer.from(bytes), Buffer.from('"}')]);
      for (const path of ['/clients', '/policies', '/warden/groups', '/warden/allowed'])
        expect((await postJson(path, body)).status).toBe(400);
    }
  });

  it.each<[string, string, readonly number[]]>([
    ['10000 parameters', 'a=1&'.repeat(10_000), [400]],
    ['a value of 512 KiB', `x=${'a'.repeat(524_288)}`, [400]],
    ['a body of 2 MiB', 'a'.repeat(2_097_152), [0, 413]],
  ])('PM-07: %s', async (_what, body, statuses) => {
    const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${body}`, [basic()]);
    expect(statuses).toContain(answer.status);
  });

  it('PM-07: a header line of 64 KiB and two hundred headers', async () => {
    const long = await rawTo(target(), { path: '/health/alive', headers: [['X-Long', 'x'.repeat(65_536)]] });
    expect([0, 431]).toContain(long.status);
    const many = Array.from({ length: 200 }, (_, index) => [`X-${index}`, 'x'] as const);
    expect((await rawTo(target(), { path: '/clients', headers: many })).status).toBe(431);
  });

  it.each<[string, number]>([
    [' application/json', 400],
    ['Application/JSON ;x', 400],
    ['application/json; charset=utf-16', 400],
    ['application/json\ta', 415],
    ['application/json, text/html', 415],
    ['application/jsonp', 415],
    ['text/html', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['__proto__', 415],
  ])('PM-09: a body that does not fit, as %j, is answered %i', async (type, status) => {
    expect((await postJson('/policies', '{"id":7}', ['Content-Type', type])).status).toBe(status);
    expect((await postJson('/clients', '{"redirect_uris":{"0":"x","length":1}}', ['Content-Type', type])).status).toBe(
      status,
    );
  });

  it('PM-09: two content types are one too many', async () => {
    expect((await postJson('/policies', '{}', jsonType, ['content-type', 'text/html'])).status).toBe(400);
  });
});

describe('paths and methods', () => {
  it.each([
    '//clients',
    '/clients/',
    '/CLIENTS',
    '/Clients',
    '/clients;x',
    '/clients;x=1/',
    '/%63lients',
    '/./clients',
    '/x/../clients',
    '/clients%2f',
    '/clients%2Fconf',
    '/clients%00',
    '/clients%20',
    '/clients?',
    '/clients#x',
    '/clients/..',
    '/oauth2/../clients',
    '/oauth2/auth/..;/clients',
    '/\\clients',
    '/clients\\',
    '/%2563lients',
    '/clients.json',
    '/clients/%2e',
    '/.well-known/..%2fclients',
    '/keys/hydra.openid.id-token/private',
    '/keys/hydra.openid.id-token//private',
    '//keys/hydra.openid.id-token/public',
    '/policies/',
    '/warden/allowed/',
    '/health/stats',
    '/health/stats/',
    '/health//stats',
  ])('PM-10: %s is guarded or nothing', async (path) => {
    const answer = await rawTo(target(), { path });
    expect([400, 401, 403, 404, 405]).toContain(answer.status);
    expect(answer.body).not.toContain('rp.example');
  });

  it.each([
    ['/oauth2/auth', 'GET, HEAD, POST'],
    ['/oauth2/token', 'POST'],
    ['/oauth2/revoke', 'POST'],
    ['/oauth2/introspect', 'POST'],
    ['/.well-known/jwks.json', 'GET, HEAD'],
    ['/.well-known/openid-configuration', 'GET, HEAD'],
    ['/clients', 'GET, HEAD, POST'],
    ['/policies', 'GET, HEAD, POST'],
    ['/warden/allowed', 'POST'],
  ])('PM-11: %s takes %s and nothing else', async (path, allow) => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'FOO', 'get']) {
      if (allow.split(', ').includes(method)) continue;
      const answer = await rawTo(target(), {
        method,
        path,
        headers: [
          ['X-HTTP-Method-Override', 'GET'],
          ['X-Method-Override', 'POST'],
        ],
      });
      expect([400, 404, 405, 501], `${method} ${path}`).toContain(answer.status);
      if (answer.status === 405) expect(answer.headers.has('allow')).toBe(true);
    }
    const connected = await rawTo(target(), { method: 'CONNECT', path: 'evil.example:443' });
    expect([0, 400, 404, 405]).toContain(connected.status);
  });

  it('PM-11: HEAD has no effect and no body', async () => {
    const before = await grantRows(target());
    const answer = await rawTo(target(), { method: 'HEAD', path: `/oauth2/auth?${authorizationQuery('conf')}` });
    expect([answer.status, answer.body, answer.headers.has('set-cookie')]).toEqual([405, '', false]);
    expect(await grantRows(target())).toBe(before);
    expect((await rawTo(target(), { method: 'HEAD', path: '/clients' })).status).toBe(401);
  });

  it('PM-15: an upgrade is not taken and an expectation harms nobody', async () => {
    for (const upgrade of ['h2c', 'websocket']) {
      const answer = await rawTo(target(), {
        path: '/clients',
        headers: [
          ['Upgrade', upgrade],
          ['Connection', 'Upgrade'],
        ],
      });
      expect(answer.status).not.toBe(101);
    }
    const expecting = await rawTo(target(), {
      method: 'POST',
      path: '/oauth2/token',
      headers: [['Expect', '100-continue'], formType],
      body: credentials,
    });
    expect(expecting.text).toMatch(/^HTTP\/1\.1 (100|401|400)/);
    const odd = await rawTo(target(), {
      method: 'POST',
      path: '/oauth2/token',
      headers: [['Expect', 'the-unexpected'], formType],
      body: credentials,
    });
    expect([400, 401, 417]).toContain(odd.status);
  });

  it('PM-16: lengths that two readers read differently are refused', async () => {
    const head =
      'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n';
    const smuggled = [
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /clients HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `${head}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      `${head}Content-Length: +4\r\n\r\nabcd`,
      `${head}Content-Length: 0x4\r\n\r\nabcd`,
      `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
      `${head}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`,
      `${head}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
      `${head}X\0: a\r\nContent-Length: 0\r\n\r\n`,
      `${head}X: a\nContent-Length: 0\r\n\r\n`,
      `GET /clients\tHTTP/1.1\r\nHost: localhost\r\n\r\n`,
      `GET /clients HTTP/9.9\r\nHost: localhost\r\n\r\n`,
      `GET /cli\0ents HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ];
    for (const text of smuggled) {
      const answer = await sendBytes(target().port, text, 1_500);
      expect([0, 400, 505], text).toContain(answer.status);
      expect(answer.text.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    }
  });

  it('PM-17: one Host, and a target that is a path', async () => {
    const path = '/.well-known/openid-configuration';
    const close = ['Connection', 'close'] as const;
    expect((await rawTo(target(), { path, bare: true, headers: [close] })).status).toBe(400);
    expect((await rawTo(target(), { path, bare: true, headers: [['Host', 'a'], ['Host', 'b'], close] })).status).toBe(
      400,
    );
    for (const absolute of [`http://evil.example${path}`, 'https://localhost/clients', '*', 'clients', '?x', '']) {
      expect([400, 404], absolute).toContain((await rawTo(target(), { path: absolute })).status);
    }
    const old = await rawTo(target(), { path, version: '1.0', bare: true });
    expect(old.status).toBe(200);
    expect(old.text).not.toContain('evil');
    expect((await rawTo(target(), { path: '/clients', version: '1.0', bare: true })).status).toBe(401);
    expect(
      (await rawTo(target(), { path: '/clients', version: '1.0', headers: [['X-Forwarded-For', '127.0.0.1']] })).status,
    ).toBe(401);
  });

  it('PM-18: nobody is believed about where he comes from', async () => {
    const headers: Header[] = [
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-For', '127.0.0.1'],
      ['X-Real-Ip', '127.0.0.1'],
      ['Forwarded', 'for=127.0.0.1;proto=http'],
      ['X-Forwarded-Client-Cert', 'x'],
      ['X-Ssl-Cert', 'x'],
      ['X-User', 'admin'],
    ];
    expect((await rawTo(target(), { path: '/clients', headers })).status).toBe(401);
    const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}`, headers });
    expect(answer.headers.get('set-cookie')?.[0]).toMatch(/^__Host-.*; Secure$/);
  });

  it.each(['x'.repeat(10_240), '{"a":1}', 'a b', '\u001b[31m', '../../etc', 'a"b'])(
    'PM-19: a request id that is not plain is replaced (%#)',
    async (id) => {
      const answer = await rawTo(target(), { path: '/clients', headers: [['X-Request-Id', id]] });
      if (answer.status === 400) return;
      expect(answer.headers.get('x-request-id')?.[0]).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
      expect(answer.headers.get('x-request-id')?.[0]).not.toBe(id);
      expect(answer.body).not.toContain(id);
    },
  );
});

describe('JSON', () => {
  it.each<[string, string]>([
    ['depth 100000', '['.repeat(100_000)],
    ['depth 33 of objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
    ['a number of 10^6 digits', `{"limit":${'9'.repeat(900_000)}}`],
    ['1e400', '{"context":{"x":1e400}}'],
    ['a member twice', '{"id":"a","id":"b"}'],
    ['a member twice, once escaped', '{"id":"a","\\u0069d":"b"}'],
    ['a BOM', '\ufeff{}'],
    ['a trailing comma', '{"id":"a",}'],
    ['a comment', '{"id":"a"/*x*/}'],
    ['single quotes', "{'id':'a'}"],
    ['NaN', '{"x":NaN}'],
    ['__proto__', '{"__proto__":{"polluted":true}}'],
    ['__proto__ escaped', '{"__pro\\u0074o__":{"polluted":true}}'],
    ['__proto__ deep inside', '{"conditions":{"x":{"type":"A","options":{"__proto__":{"polluted":true}}}}}'],
    ['NUL', '{"id":"a\\u0000b"}'],
    ['half a character', '{"id":"\\ud800"}'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['nothing', ''],
    ['two values', '{}{}'],
  ])('PM-21, PM-23: %s is no body of the admin API', async (_what, body) => {
    for (const path of [
      '/clients',
      '/policies',
      '/warden/groups',
      '/warden/allowed',
      '/warden/token/allowed',
      '/keys/odd',
    ]) {
      expect((await postJson(path, body)).status, path).toBe(400);
    }
    for (const path of ['/clients/conf', '/policies/x', '/keys/odd', '/keys/odd/x']) {
      const answer = await rawTo(target(), { method: 'PUT', path, headers: [bearer(), jsonType], body });
      expect(answer.status, path).toBe(400);
    }
  });

  it.each([
    '{"redirect_uris":[null]}',
    '{"redirect_uris":[""]}',
    '{"redirect_uris":{"0":"x","length":1}}',
    '{"redirect_uris":"https://rp.example/cb"}',
    '{"redirect_uris":[["https://rp.example/cb"]]}',
    '{"grant_types":[{}]}',
    '{"scope":["docs"]}',
    '{"id":{"$ne":1}}',
    '{"id":7}',
    '{"public":"true"}',
    '{"public":1}',
    '{"client_secret":{"$ne":1}}',
    '{"client_secret":123456789}',
    '{"contacts":[1]}',
    '{"response_types":["code",null]}',
    '{"response_types":[""]}',
  ])('PM-22: %s is no client', async (body) => {
    expect((await postJson('/clients', body)).status).toBe(400);
  });

  it('PM-23: constructor and prototype are data', async () => {
    const answer = await postJson(
      '/warden/allowed',
      '{"subject":"x","resource":"y","action":"z","context":{"constructor":{"prototype":{"polluted":true}},"toString":1}}',
    );
    expect([answer.status, answer.body]).toEqual([200, '{"allowed":false}']);
  });

  it.each([
    'SVC',
    '\uff53vc',
    'sv\u0441',
    'svc\u200b',
    's\u0000vc',
    'svc ',
    ' svc',
    'svc/',
    '\u017fvc',
    'svc%20',
    "svc'--",
  ])('PM-25: the id %j is another than svc, and none at all', async (id) => {
    expect((await admin(target(), 'GET', `/clients/${encodeURIComponent(id)}`)).status).toBeGreaterThanOrEqual(400);
    const made = await admin(target(), 'POST', '/clients', { id });
    if (id === 'SVC') return expect(made.status).toBe(201);
    expect(made.status).toBe(400);
  });

  it.each([
    'limit=-1',
    'limit=1e9',
    'limit=9007199254740993',
    'limit=99999999999',
    'limit=NaN',
    'limit=1;drop',
    'limit=0x10',
    'limit=1.5',
    'limit=%201',
    'limit=1&limit=2',
    'offset=-1',
    'offset=NaN',
    'offset=9007199254740993',
    'limit=%D9%A1',
  ])('PM-26: %s is no count', async (query) => {
    expect((await rawTo(target(), { path: `/policies?${query}`, headers: [bearer()] })).status).toBe(400);
  });

  it('PM-26: a large count is cut, zero is the default', async () => {
    for (const query of ['limit=100000', 'limit=0', 'limit=500&offset=2147483647']) {
      expect((await rawTo(target(), { path: `/policies?${query}`, headers: [bearer()] })).status).toBe(200);
    }
  });

  it('positive control: honest requests still pass', async () => {
    expect((await redeem(target(), 'conf', await newCode(target()))).status).toBe(200);
    expect(
      (await postJson('/policies', '{"subjects":["a"],"effect":"allow","resources":["b"],"actions":["c"]}')).status,
    ).toBe(201);
  });

  it('PM-13: a request that never ends is ended', async () => {
    const longest = Math.max(
      ...(await Promise.all(stalled.map(async ({ since, closed }) => (await closed, Date.now() - since)))),
    );
    expect(longest).toBeLessThan(90_000);
  }, 120_000);
});
