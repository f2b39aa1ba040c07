import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createRpcChannelClient, envoyAuthV3, openRpcChannel, type RpcChannel, wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../ports.js';
import type { RawAnswer } from './raw.js';
import { admin, rawTo, serviceToken, type Target, useTarget } from './target.js';

const [bearerPort = 0] = await freePorts(1);
const target = useTarget({
  env: { WARDEN_PUBLIC_GRPC_PORT: String(bearerPort) },
  // WP-05 wants an alert.
  provoked: /Stored policies cannot be evaluated/,
});
const channels: RpcChannel[] = [];
/** For calls on a busy machine. */
const patient = { deadlineMs: 20_000 };
let made = 0;

type PolicyBody = Readonly<Record<string, unknown>>;

/** A policy on an action of its own, so that no two rows of this file meet. */
async function withPolicy(policy: PolicyBody): Promise<{ readonly action: string; readonly id: string }> {
  const action = `door-${made++}`;
  const id = `policy-${action}`;
  const body = { id, effect: 'allow', subjects: ['s'], resources: ['r'], actions: [action], ...policy };
  const answer = await admin(target(), 'POST', '/policies', body);
  expect(answer.status, answer.text).toBe(201);
  return { action, id };
}

type Question = { readonly subject: string; readonly resource: string; readonly action: string };

/** Whether each HTTP door allows it. */
async function decisions(question: Question, context?: object): Promise<boolean[]> {
  const { subject, resource, action } = question;
  const [allowed, evaluation, explained] = await Promise.all([
    admin(target(), 'POST', '/warden/allowed', { ...question, context }),
    admin(target(), 'POST', '/access/v1/evaluation', {
      subject: { type: 'user', id: subject },
      resource: { type: 'thing', id: resource },
      action: { name: action },
      context,
    }),
    admin(target(), 'POST', '/warden/explain', { ...question, context }),
  ]);
  const read = ({ text }: { readonly text: string }): Record<string, unknown> =>
    JSON.parse(text) as Record<string, unknown>;
  return [read(allowed)['allowed'], read(evaluation)['decision'], read(explained)['allowed']].map(
    (decision) => decision === true,
  );
}

function pem(name: string): Buffer {
  return readFileSync(path.join(target().product.certificates, name));
}

let peers: RpcChannel;
let bearers: RpcChannel;
beforeAll(() => {
  const certificate = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client-key.pem') };
  peers = openRpcChannel({ target: target().product.wardenTarget, security: { kind: 'tls', ...certificate } });
  bearers = openRpcChannel({ target: `localhost:${bearerPort}`, security: { kind: 'bearer', ca: pem('ca.pem') } });
  channels.push(peers, bearers);
});
afterAll(() => {
  for (const channel of channels) channel.close();
});

/** Changes a stored policy behind the Warden's back, as a migration or another release might have. */
async function breakPolicy(id: string, change: string): Promise<void> {
  await target().database.database.pool.query(`UPDATE warden.policy SET ${change} WHERE id = $1`, [id]);
  // What a hand changes is told with the next write.
  await withPolicy({});
}

describe('a stored policy that is broken', () => {
  it.each<[string, string, 'allow' | 'deny']>([
    ['a subject that is no expression', `subjects = '{<(}'`, 'allow'],
    ['a subject that is no expression, and that denies', `subjects = '{<(}'`, 'deny'],
    ['unbalanced delimiters', `subjects = '{<a}'`, 'deny'],
    ['an expression that no linear engine runs', `subjects = '{"<(a)\\\\1>"}'`, 'deny'],
    ['a condition of an unknown type', `conditions = '{"x":{"type":"NoSuchCondition","options":{}}}'`, 'deny'],
    ['a condition of an unknown type, and that allows', `conditions = '{"x":{"type":"NoSuch"}}'`, 'allow'],
    ['conditions of another shape', `conditions = '[1]'`, 'deny'],
  ])('WP-05: with %s denies what it might concern, nothing else, and says so', async (_what, change, effect) => {
    const { action, id: wide } = await withPolicy({ subjects: ['<.*>'], resources: ['<.*>'] });
    const { id } = await withPolicy({ effect, resources: ['secret'], actions: [action] });
    const secret = { subject: 's', resource: 'secret', action };
    expect(await decisions(secret)).toEqual(Array(3).fill(effect === 'allow'));
    await breakPolicy(id, change);
    expect(await decisions(secret)).toEqual([false, false, false]);
    expect(await decisions({ ...secret, resource: 'open' })).toEqual([true, true, true]);
    const explained = await admin(target(), 'POST', '/warden/explain', secret);
    expect(JSON.parse(explained.text)).toMatchObject({ allowed: false, reason: 'policy_invalid' });
    const check = { ...secret, context: undefined, anonymous: false };
    const warden = createRpcChannelClient(wardenV1.WardenService, peers);
    expect(await warden.check(check, patient)).toMatchObject({
      allowed: false,
      reason: wardenV1.DenialReason.DENIAL_REASON_POLICY_INVALID,
    });
    expect(target().product.log()).toMatch(new RegExp(`level=error.*${id}`));
    // Removing what is broken heals at once.
    expect((await admin(target(), 'DELETE', `/policies/${id}`)).status).toBe(204);
    expect(await decisions(secret)).toEqual([true, true, true]);
    await admin(target(), 'DELETE', `/policies/${wide}`);
  });

  it('WP-05: cannot be stored with an effect that is none', async () => {
    const { id } = await withPolicy({});
    await expect(breakPolicy(id, `effect = 'permit'`)).rejects.toBeDefined();
  });
});

describe('expressions', () => {
  it.each<[string, string, boolean]>([
    ['(?i)PETER', 'peter', true],
    ['(?i)k', '\u212a', true],
    ['(?i)s', '\u017f', true],
    ['(?i)i', '\u0130', false],
    ['(?-i)A', 'a', false],
    ['a(?i)b', 'AB', false],
    ['(?s).+', 'a\nb', true],
    ['.+', 'a\nb', false],
    ['(?m)^a$', 'a\nb', false],
    ['(?U)a+', 'aa', true],
    ['[[:alpha:]]+', 'a\u00e9', false],
    ['[[:^digit:]]', '\u0663', true],
    ['\\d+', '\u0663', false],
    ['\\pL+', 'a\u00e9\u4e2d', true],
    ['\\p{Greek}', '\u03c3', true],
    ['\\P{Greek}', '\u03c3', false],
    ['a\\z', 'a', true],
    ['a\\z', 'a\n', false],
    ['a$', 'a\n', false],
    ['(?P<n>a)b', 'ab', true],
    ['\\Qa.b\\E', 'axb', false],
    ['\\x{1F600}', '\u{1f600}', true],
    ['.', '\u{1f600}', true],
    ['\\bpeter\\b', 'peter', true],
  ])('WP-10: <%s> and %j: %s, as in Go', async (expression, subject, expected) => {
    const { action } = await withPolicy({ subjects: [`<${expression}>`] });
    expect(await decisions({ subject, resource: 'r', action })).toEqual(Array(3).fill(expected));
  });
});

describe('names', () => {
  it.each([
    ['caf\u00e9', 'cafe\u0301'],
    ['cafe\u0301', 'caf\u00e9'],
    ['admin', '\uff41\uff44\uff4d\uff49\uff4e'],
    ['admin', 'adm\u0131n'],
    ['admin', '\u0430dmin'],
    ['admin', 'admin\u200b'],
    ['admin', '\ufeffadmin'],
    ['admin', '\u202eadmin'],
    ['\ufb01le', 'file'],
    ['a/b', 'a%2Fb'],
    ['a/b', 'a//b'],
    ['a/b', './a/b'],
    ['\u2126', '\u03a9'],
    ['x', 'x\u0000'],
    ['\ud55c', '\u1112\u1161\u11ab'],
  ])('WP-09: %j is not %j, as a resource, a subject or an action', async (stored, asked) => {
    const { action } = await withPolicy({ subjects: [stored], resources: [stored], actions: [`door-${made}`, stored] });
    const own = { subject: stored, resource: stored, action };
    expect(await decisions(own)).toEqual([true, true, true]);
    for (const change of [{ resource: asked }, { subject: asked }]) {
      expect(await decisions({ ...own, ...change })).toEqual([false, false, false]);
    }
    expect(await decisions({ ...own, action: asked })).toEqual([false, false, false]);
  });
});

/** Sends exact bytes as the root client. */
function post(path_: string, body: string, more: readonly [string, string][] = []): Promise<RawAnswer> {
  const headers: [string, string][] = [
    ['Authorization', `Bearer ${target().root}`],
    ['Content-Type', 'application/json'],
    ...more,
  ];
  return rawTo(target(), { method: 'POST', path: path_, headers, body });
}

describe('bodies', () => {
  it.each([
    ['/warden/allowed', (twice: string) => `{"subject":"x",${twice},"resource":"r","action":"ACTION"}`],
    ['/warden/explain', (twice: string) => `{"subject":"x",${twice},"resource":"r","action":"ACTION"}`],
    [
      '/access/v1/evaluation',
      (twice: string) =>
        `{"subject":{"type":"user","id":"x","id":"s"},"action":{"name":"ACTION"},"resource":{"type":"t","id":"r"},"context":{${twice}}}`,
    ],
    [
      '/access/v1/evaluations',
      (twice: string) =>
        `{"subject":{"type":"u","id":"s"},"action":{"name":"ACTION"},"evaluations":[{"resource":{"type":"t","id":"x"},"resource":{"type":"t","id":"r"},"context":{${twice}}}]}`,
    ],
  ])('WP-14: %s takes no member twice, in whatever spelling', async (route, make) => {
    const { action } = await withPolicy({});
    for (const twice of ['"subject":"s"', '"\\u0073ubject":"s"', '"subject":"s","SUBJECT":"s"']) {
      const answer = await post(route, make(twice).replace('ACTION', action));
      expect([answer.status, answer.body.includes('true')], twice).toEqual([400, false]);
    }
  });

  it.each([
    '/warden/allowed',
    '/warden/token/allowed',
    '/warden/explain',
    '/access/v1/evaluation',
    '/access/v1/evaluations',
  ])('WP-25: %s is not upset by nesting, size or numbers', async (route) => {
    for (const body of [
      '['.repeat(200_000),
      '{"a":'.repeat(100_000),
      `{"context":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      `{"subject":${'9'.repeat(400_000)}}`,
      '{"subject":1e400}',
      `{"${'k'.repeat(500_000)}":1}`,
      '\ufeff{}',
      'null',
      '"text"',
      '{"evaluations":[null]}',
      '{"evaluations":{"length":1}}',
    ]) {
      const answer = await post(route, body);
      expect(answer.status < 500, `${body.slice(0, 30)}: ${answer.status}`).toBe(true);
      expect(answer.body).not.toContain('true');
    }
  });

  it('WP-39: AuthZEN takes 256 evaluations, and refuses more before it decides any', async () => {
    const { action } = await withPolicy({});
    const request = (count: number): string =>
      JSON.stringify({
        subject: { type: 'user', id: 's' },
        action: { name: action },
        evaluations: Array.from({ length: count }, () => ({ resource: { type: 't', id: 'r' } })),
      });
    const most = await post('/access/v1/evaluations', request(256));
    expect((JSON.parse(most.body) as { evaluations: unknown[] }).evaluations).toHaveLength(256);
    expect((await post('/access/v1/evaluations', request(257))).status).toBe(400);
    expect((await post('/access/v1/evaluations', request(60_000))).status).toBe(413);
  });

  it('WP-21: prototypes are no entities', async () => {
    const { action } = await withPolicy({ subjects: ['root-of-all'] });
    for (const subject of [
      '{"type":"user","id":"x","__proto__":{"id":"root-of-all"}}',
      '{"__proto__":{"type":"user","id":"root-of-all"}}',
      '{"type":"user","constructor":{"prototype":{"id":"root-of-all"}}}',
    ]) {
      const body = `{"subject":${subject},"action":{"name":"${action}"},"resource":{"type":"t","id":"r"}}`;
      expect((await post('/access/v1/evaluation', body)).body).not.toContain('true');
    }
  });

  it('WP-23: a context does not make properties of a subject', async () => {
    const conditions = {
      'subject.properties.role': { type: 'StringEqualCondition', options: { equals: 'admin' } },
      'subject.type': { type: 'StringEqualCondition', options: { equals: 'employee' } },
    };
    const { action } = await withPolicy({ conditions });
    const ask = async (subject: object, more: object = {}): Promise<boolean> => {
      const request = { subject, action: { name: action }, resource: { type: 't', id: 'r' }, ...more };
      return (await post('/access/v1/evaluation', JSON.stringify(request))).body === '{"decision":true}';
    };
    const admin_ = { type: 'employee', id: 's', properties: { role: 'admin' } };
    expect(await ask(admin_)).toBe(true);
    const context = { 'subject.properties.role': 'admin', 'subject.type': 'employee' };
    expect(await ask({ type: 'user', id: 's' }, { context })).toBe(false);
    expect(await ask({ type: 'employee', id: 's' }, { context })).toBe(false);
    expect(await ask({ ...admin_, type: 'user' }, { context })).toBe(false);
    expect(await ask({ type: 'employee', id: 's', properties: {} }, { context: { subject: admin_ } })).toBe(false);
    const resource = { type: 't', id: 'r', properties: { 'subject.properties.role': 'admin', role: 'admin' } };
    expect(await ask({ type: 'employee', id: 's' }, { resource })).toBe(false);
  });

  it('WP-23: headers do not make another request of a decision', async () => {
    const { action } = await withPolicy({ subjects: ['root-of-all'] });
    const body = JSON.stringify({ subject: 's', resource: 'r', action });
    for (const [name, value] of [
      ['X-HTTP-Method-Override', 'DELETE'],
      ['X-Original-URL', '/policies'],
      ['X-Castellan-Subject', 'root-of-all'],
      ['X-Forwarded-User', 'root-of-all'],
      ['X-Request-ID', 'a"},"allowed":true,"x":{"'],
      ['castellan-peer', 'admin'],
    ] as const) {
      expect((await post('/warden/allowed', body, [[name, value]])).body, name).toBe('{"allowed":false}');
    }
  });
});

describe("Envoy's door", () => {
  type Http = { readonly path: string; readonly host?: string; readonly method?: string; readonly headers?: object };

  /** What comes of a request that shows the root token. */
  async function ask({ path: at, host = 'api.example', method = 'GET', headers = {} }: Http) {
    const shown = new Map<string, string>([['authorization', `Bearer ${target().root}`], ...Object.entries(headers)]);
    const request = envoyAuthV3.CheckRequest.fromPartial({
      attributes: {
        source: { address: { socketAddress: { address: '10.9.8.7' } } },
        request: { http: { method, path: at, host, headers: shown } },
      },
    });
    return createRpcChannelClient(envoyAuthV3.AuthorizationService, peers).check(request, patient);
  }
  const passes = async (http: Http): Promise<boolean> => (await ask(http)).okResponse !== undefined;

  beforeAll(async () => {
    const own = { subjects: ['admin'], actions: ['get'] };
    await withPolicy({ ...own, resources: ['http:api.example:/public<.*>', 'http:api.example:/all<.*>'] });
    await withPolicy({ ...own, effect: 'deny', resources: ['http:api.example:/all/secret<.*>'] });
  });

  it('positive control: what is allowed passes, what is not does not', async () => {
    expect(await passes({ path: '/public/a?x=/all/secret' })).toBe(true);
    expect(await passes({ path: '/all/a' })).toBe(true);
    expect(await passes({ path: '/all/secret/a' })).toBe(false);
    expect(await passes({ path: '/private' })).toBe(false);
    expect(await passes({ path: '/public/a', method: 'POST' })).toBe(false);
  });

  it.each([
    '/all/%73ecret/a',
    '/all/secre%74',
    '/all//secret/a',
    '/all/./secret/a',
    '/all/x/../secret/a',
    '/all/x/%2e%2e/secret/a',
    '/all/x/.%2E/secret/a',
    '/all/x/..;/secret/a',
    '/all/;x/secret/a',
    '/all%2fsecret/a',
    '/all/%2fsecret/a',
    '/all\\secret\\a',
    '/all/%5csecret/a',
    '/all/%252e%252e/secret',
    '/all/x/..%00/secret/a',
    '/all/\tsecret',
    '/all/secret%',
    '/public/../private',
    '/public/..%2fprivate',
    '/public/%2e%2e/private',
    '//public/a',
    'http://api.example/public/a',
    'public/a',
    '*',
    '',
  ])('PM: the path %j gets nobody past a denial, nor out of what is allowed', async (at) => {
    expect(await passes({ path: at })).toBe(false);
  });

  it.each([
    'api.example:/public',
    'api.example:/public/..',
    'api.example/public',
    'x@api.example:/public',
    'api.example:80:/public',
    'api.example\r\nx: y',
    'API.EXAMPLE:/public',
  ])('PM: the host %j does not pose as the beginning of a path', async (host) => {
    expect(await passes({ host, path: '/private' })).toBe(false);
  });

  it.each(['API.example', 'api.example.', 'api.example:443', 'api.example:80'])(
    'PM: a denial holds for the host spelt %s',
    async (host) => {
      expect(await passes({ host, path: '/all/a' })).toBe(true);
      expect(await passes({ host, path: '/all/secret/a' })).toBe(false);
    },
  );

  it('GR-03: what a request says of itself does not reach the upstream', async () => {
    const forged = {
      'x-castellan-subject': 'root-of-all',
      x_castellan_subject: 'root-of-all',
      'x-castellan_client_id': 'root-of-all',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/private',
      'x-forwarded-for': '127.0.0.1',
    };
    const { okResponse } = await ask({ path: '/public/a', headers: forged });
    const set = new Map(okResponse?.headers.map((option) => [option.header?.key, option]));
    expect(set.get('x-castellan-subject')).toMatchObject({ header: { value: 'admin' }, appendAction: 2 });
    expect(okResponse?.headersToRemove).toEqual(
      expect.arrayContaining([
        'x_castellan_subject',
        'x-castellan_client_id',
        'x-http-method-override',
        'x-original-url',
      ]),
    );
  });

  it.each([
    ['two tokens in one header', { authorization: 'Bearer a,Bearer b' }],
    ['a token of nobody', { authorization: 'Bearer nobody' }],
    ['the token in another header', { authorization: '', 'x-authorization': 'Bearer TOKEN' }],
    ['the token as a proxy credential', { authorization: '', 'proxy-authorization': 'Bearer TOKEN' }],
  ])('GR-03: a request with %s is refused', async (_what, headers) => {
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', target().root)]),
    );
    expect((await ask({ path: '/public/a', headers: filled })).deniedResponse?.status?.code).toBe(401);
  });
});

describe('the port for access tokens', () => {
  const check = { subject: 's', resource: 'r', action: 'a', context: undefined, anonymous: false };
  const warden = () => createRpcChannelClient(wardenV1.WardenService, bearers);
  const allow = async (who: Target): Promise<string> => {
    const { id } = await withPolicy({
      subjects: [who.clients.svc.id],
      resources: ['rn:hydra:warden:<.*>'],
      actions: ['decide'],
    });
    return id;
  };

  it('GR-02: a token is no right: scope and policy are', async () => {
    const bearer = await serviceToken(target(), 'hydra');
    await expect(warden().check(check, { bearer, ...patient })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const id = await allow(target());
    expect(await warden().check(check, { bearer, ...patient })).toMatchObject({ allowed: false });
    const narrow = await serviceToken(target(), 'docs');
    await expect(warden().check(check, { bearer: narrow, ...patient })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await admin(target(), 'DELETE', `/policies/${id}`);
    await expect(warden().check(check, { bearer, ...patient })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('GR-02: not even the root client asks anonymously there, or writes a policy', async () => {
    const bearer = target().root;
    const anonymous = { ...check, subject: '', anonymous: true };
    await expect(warden().check(anonymous, { bearer, ...patient })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const policies = createRpcChannelClient(wardenV1.PoliciesService, bearers);
    await expect(policies.deletePolicy({ id: 'x' }, { bearer })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });

  it('GR-03: what is no token is nobody, and is told nothing', async () => {
    for (const bearer of ['x', 'ct_at_AAAA.BBBB', `${target().root}x`, target().root.slice(0, -1)]) {
      const error = await warden()
        .check(check, { bearer, ...patient })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
      expect(String(error)).not.toContain(bearer.slice(0, 20));
    }
    await expect(warden().check(check, patient)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('GR-21: a stream ends when its caller may ask no more, and not before', async () => {
    const bearer = await serviceToken(target(), 'hydra');
    const id = await allow(target());
    const stream = bearers.openMessages(wardenV1.WardenService.streamCheck, {
      idOf: (answer) => answer.id,
      isGoingAway: ({ goingAway }) => goingAway,
    });
    const ask = (changes: Partial<wardenV1.CheckRequest> = {}): Promise<wardenV1.StreamCheckResponse> =>
      stream.ask((number, deadlineMs) => ({ id: number, deadlineMs, check: { ...check, ...changes } }), {
        bearer,
        deadlineMs: 20_000,
      });
    expect(await ask({ subject: '' })).toMatchObject({ invalidArgument: 'subject must not be empty' });
    expect(await ask({ subject: '', anonymous: true })).toHaveProperty('invalidArgument');
    const consistency = { mode: wardenV1.ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: 1_000_000_000 };
    expect(await ask({ consistency })).toMatchObject({ failure: { code: 9 } });
    expect(await ask()).toMatchObject({ decision: { allowed: false } });
    await admin(target(), 'DELETE', `/policies/${id}`);
    await expect(ask()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });
});
