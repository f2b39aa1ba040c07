import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Answer, Browser, send } from '../http.js';
import { encodePart, hmacText, signText } from './jwt.js';
import {
  admin,
  authorizationQuery,
  authorize,
  comeBack,
  consentResponse,
  consentText,
  type Flow,
  flowOf,
  grantRows,
  honestClaims,
  newPkce,
  newTokens,
  type Parameters,
  pkceOf,
  rawTo,
  responseOf,
  startFlow,
  type Target,
  useTarget,
} from './target.js';

const pendingLimit = 150;
const target = useTarget({ env: { PENDING_REQUESTS_PER_CLIENT: String(pendingLimit) } });
const header = '{"alg":"RS256","typ":"JWT"}';

/** No code, no token: an error at the registered URI or our own page. */
function expectRefused(answer: Answer): void {
  const { location = '' } = answer.headers;
  expect(location).not.toMatch(/[?&#](code|access_token|id_token)=/);
  if (answer.status === 400) return expect(location).toBe('');
  expect([302, 303]).toContain(answer.status);
  expect(location.startsWith('https://rp.example/cb')).toBe(true);
  const response = responseOf(answer);
  expect(response.get('error')).toBe('access_denied');
  expect(response.get('iss')).toBe(target().product.issuer);
  // What was wrong is between the server and the consent app.
  expect(response.get('error_description')).not.toContain('consent response');
}

async function refused(consent: (flow: Flow, at: Target) => string | Promise<string>): Promise<void> {
  const flow = await startFlow(target(), 'conf');
  const text = await consent(flow, target());
  const before = (await grantRows(target())).split(' ').slice(1).join(' ');
  expectRefused(await comeBack(flow, text));
  expect((await grantRows(target())).split(' ').slice(1).join(' ')).toBe(before);
}

function payload(flow: Flow, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify(honestClaims(flow, changes));
}

async function publicKeyOf(set: string): Promise<JsonWebKey> {
  const answer = await admin(target(), 'GET', `/keys/${set}/public`);
  return (JSON.parse(answer.text) as { keys: JsonWebKey[] }).keys[0] ?? {};
}

function evilKey(): JsonWebKey {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
}

describe('the consent flow', () => {
  it('positive control: an honest response buys a code, and RS384 and RS512 are accepted', async () => {
    expect((await authorize(target(), 'conf')).has('code')).toBe(true);
    for (const bits of ['384', '512']) {
      const flow = await startFlow(target(), 'conf');
      const jwt = signText(target().consentKey, `{"alg":"RS${bits}","typ":"JWT"}`, payload(flow), `sha${bits}`);
      expect(responseOf(await comeBack(flow, jwt)).has('code')).toBe(true);
    }
  });

  it('CF-01: a consent response is good once', async () => {
    const flow = await startFlow(target(), 'conf');
    const consent = consentResponse(target(), flow);
    const copy = await comeBackTwice(flow, consent);
    expect(copy.filter((answer) => responseOf(answer).has('code'))).toHaveLength(1);
    expectRefused(await comeBack(flow, consent));
  });

  /** The cookie is sent twice, as an attacker with a copy of it would. */
  async function comeBackTwice(flow: Flow, consent: string): Promise<Answer[]> {
    return Promise.all(Array.from({ length: 8 }, () => comeBack(flow, consent)));
  }

  it.each<[string, string, Parameters]>([
    ['CF-02', 'scope', { scope: 'openid' }],
    ['CF-02', 'redirect_uri', { redirect_uri: 'https://rp.example/cb?x=1' }],
    ['CF-02', 'state', { state: 'another-state-altogether' }],
    ['CF-02', 'nonce', { nonce: 'another-nonce-altogether' }],
    ['CF-02', 'PKCE', pkceOf(newPkce())],
    ['CF-02', 'client', { client_id: 'evil' }],
    ['CF-02', 'acr_values', { acr_values: 'gold' }],
    ['CF-02', 'max_age', { max_age: '1' }],
    ['CF-02', 'an unknown parameter', { whatever: 'x' }],
  ])('%s: a response for one request does not answer one with another %s', async (_id, _what, parameters) => {
    const flow = await startFlow(target(), 'conf');
    await startFlow(target(), 'conf', parameters, flow.browser);
    const consent = consentResponse(target(), flow);
    const query = authorizationQuery('conf', parameters);
    const url = `${target().product.publicUrl}/oauth2/auth?${query}&consent=${consent}`;
    expectRefused(await flow.browser.send(url));
    // Nor does the mismatch leave the response good for the right one.
    expectRefused(await comeBack(flow, consent));
  });

  it('CF-03, CF-19: an approval counts only in the browser that started', async () => {
    const mallory = await startFlow(target(), 'conf');
    const consent = consentResponse(target(), mallory);
    const alice = new Browser();
    await startFlow(target(), 'conf', {}, alice);
    expectRefused(await comeBack(mallory, consent, alice));
    // A stranger's try burns nothing.
    expect(responseOf(await comeBack(mallory, consent)).has('code')).toBe(true);
  });

  it('CF-05: without the cookie there is no flow', async () => {
    const flow = await startFlow(target(), 'conf');
    expectRefused(await comeBack(flow, consentResponse(target(), flow), new Browser()));
  });

  it('CF-06: a challenge is no response', async () => {
    await refused((flow) => flow.challenge);
    await refused((flow, at) => consentText(at, payload(flow, { redir: flow.back })));
  });

  it('CF-07: a key of another purpose or person signs nothing', async () => {
    await refused((flow) => signText(evilKey(), header, payload(flow)));
    await refused((flow) =>
      signText(evilKey(), JSON.stringify({ alg: 'RS256', typ: 'JWT', jwk: evilKey() }), payload(flow)),
    );
    await refused(async (flow) => {
      const jwk = await publicKeyOf('hydra.consent.response');
      return hmacText(
        createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string,
        '{"alg":"HS256","typ":"JWT"}',
        payload(flow),
      );
    });
  });

  it.each<[string, string, (flow: Flow, at: Target) => string | Promise<string>]>([
    ['JW-01', 'alg none', (flow) => `${encodePart('{"alg":"none","typ":"JWT"}')}.${encodePart(payload(flow))}.`],
    [
      'JW-01',
      'alg nOnE with a signature',
      (flow, at) => signText(at.consentKey, '{"alg":"nOnE","typ":"JWT"}', payload(flow)),
    ],
    ['JW-01', 'no alg', (flow, at) => signText(at.consentKey, '{"typ":"JWT"}', payload(flow))],
    [
      'JW-02',
      'HS256 with the modulus',
      async (flow) =>
        hmacText(
          Buffer.from((await publicKeyOf('hydra.consent.response')).n ?? '', 'base64url'),
          '{"alg":"HS256"}',
          payload(flow),
        ),
    ],
    [
      'JW-02',
      'HS256 with the JWK',
      async (flow) =>
        hmacText(JSON.stringify(await publicKeyOf('hydra.consent.response')), '{"alg":"HS256"}', payload(flow)),
    ],
    ['JW-03', 'HS256 with an empty key', (flow) => hmacText('', '{"alg":"HS256","typ":"JWT"}', payload(flow))],
    [
      'JW-06',
      'an empty signature',
      (flow, at) => `${consentText(at, payload(flow)).split('.').slice(0, 2).join('.')}.`,
    ],
    [
      'JW-06',
      'a signature of zeros',
      (flow, at) =>
        `${consentText(at, payload(flow)).split('.').slice(0, 2).join('.')}.${encodePart(Buffer.alloc(256))}`,
    ],
    ['JW-09', 'a fourth part', (flow, at) => `${consentText(at, payload(flow))}.x`],
    ['JW-09', 'a trailing dot', (flow, at) => `${consentText(at, payload(flow))}.`],
    ['JW-09', 'padding', (flow, at) => `${consentText(at, payload(flow))}%3D`],
    ['JW-09', 'a blank', (flow, at) => `%20${consentText(at, payload(flow))}`],
    ['JW-09', 'a plus for a minus', (flow, at) => consentText(at, payload(flow)).replaceAll('-', '%2B')],
    ['JW-11', 'kid as an object', (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"JWT","kid":{}}')],
    [
      'JW-11',
      'kid as a list',
      (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"JWT","kid":["public"]}'),
    ],
    [
      'JW-15',
      'crit',
      (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"JWT","crit":["exp"],"exp":1}'),
    ],
    ['JW-15', 'empty crit', (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"JWT","crit":[]}')],
    ['JW-15', 'b64', (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"JWT","b64":false}')],
    ['JW-17', 'PBES2', (flow, at) => consentText(at, payload(flow), '{"alg":"PBES2-HS256+A128KW","p2c":2147483648}')],
    ['JW-21', 'depth 100000', (flow, at) => consentText(at, `{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)],
    [
      'JW-22',
      'sub named twice',
      (flow, at) => consentText(at, payload(flow).replace('"sub":"alice"', '"sub":"alice","sub":"mallory"')),
    ],
    [
      'JW-22',
      'sub named twice, once escaped',
      (flow, at) => consentText(at, payload(flow).replace('"sub":"alice"', '"sub":"alice","\\u0073ub":"mallory"')),
    ],
    [
      'JW-22',
      'alg named twice',
      (flow, at) => consentText(at, payload(flow), '{"alg":"none","alg":"RS256","typ":"JWT"}'),
    ],
    ['JW-25', 'typ at+jwt', (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"at+jwt"}')],
    ['JW-25', 'typ logout+jwt', (flow, at) => consentText(at, payload(flow), '{"alg":"RS256","typ":"logout+jwt"}')],
    ['JW-27', 'aud of another client', (flow, at) => consentResponse(at, flow, { aud: 'evil' })],
    ['JW-27', 'aud as a list', (flow, at) => consentResponse(at, flow, { aud: ['conf'] })],
    ['JW-27', 'no aud', (flow, at) => consentResponse(at, flow, { aud: undefined })],
    ['CF-09', 'no exp', (flow, at) => consentResponse(at, flow, { exp: undefined })],
    [
      'CF-09',
      'an exp that is over',
      (flow, at) => consentResponse(at, flow, { exp: Math.floor(Date.now() / 1000) - 31 }),
    ],
    ['CF-09', 'exp as a string', (flow, at) => consentResponse(at, flow, { exp: '1e99' })],
    ['CF-09', 'exp as a fraction', (flow, at) => consentResponse(at, flow, { exp: Date.now() / 1000 + 60.5 })],
    ['CF-09', 'a negative exp', (flow, at) => consentResponse(at, flow, { exp: -1 })],
    ['CF-09', 'an nbf to come', (flow, at) => consentResponse(at, flow, { nbf: Math.floor(Date.now() / 1000) + 90 })],
    ['CF-09', 'an iat to come', (flow, at) => consentResponse(at, flow, { iat: Math.floor(Date.now() / 1000) + 90 })],
    [
      'TS-22',
      'exp 2^53+1',
      (flow, at) => consentText(at, payload(flow).replace(/"exp":\d+/, '"exp":9007199254740993')),
    ],
    ['TS-22', 'exp 1e400', (flow, at) => consentText(at, payload(flow).replace(/"exp":\d+/, '"exp":1e400'))],
    ['TS-22', 'exp true', (flow, at) => consentResponse(at, flow, { exp: true })],
    ['TS-22', 'exp null', (flow, at) => consentResponse(at, flow, { exp: null })],
    [
      'TS-22',
      'auth_time 1e400',
      (flow, at) => consentText(at, payload(flow).replace('"sub"', '"auth_time":1e400,"sub"')),
    ],
    ['TS-21', 'at_ext of 9 KiB', (flow, at) => consentResponse(at, flow, { at_ext: { x: 'x'.repeat(9_216) } })],
    ['TS-21', 'id_ext of 9 KiB', (flow, at) => consentResponse(at, flow, { id_ext: { x: 'x'.repeat(9_216) } })],
    [
      'TS-21',
      'at_ext of depth 17',
      (flow, at) =>
        consentText(at, payload(flow).replace('"at_ext":{}', `"at_ext":${'{"a":'.repeat(17)}1${'}'.repeat(17)}`)),
    ],
    [
      'TS-23',
      'at_ext with a member named twice',
      (flow, at) => consentText(at, payload(flow).replace('"at_ext":{}', '"at_ext":{"a":1,"a":2}')),
    ],
    [
      'CF-10',
      'a scope that was not requested',
      (flow, at) => consentResponse(at, flow, { scp: ['openid', 'profile'] }),
    ],
    [
      'CF-11',
      'a scope that the client may not have',
      (flow, at) => consentResponse(at, flow, { scp: ['openid', 'hydra'] }),
    ],
    ['CF-11', 'a scope as an object', (flow, at) => consentResponse(at, flow, { scp: [{ toString: 'openid' }] })],
    ['CF-32', 'the jti of nobody', (flow, at) => consentResponse(at, flow, { jti: 'x' })],
    ['CF-32', 'jti as a list', (flow, at) => consentResponse(at, flow, { jti: [flow.claims['jti']] })],
    ['CF-32', 'no sub', (flow, at) => consentResponse(at, flow, { sub: undefined })],
    ['CF-32', 'an empty sub', (flow, at) => consentResponse(at, flow, { sub: '' })],
    ['CF-32', 'sub as a list', (flow, at) => consentResponse(at, flow, { sub: ['alice'] })],
    ['CF-32', 'sub of 256 characters', (flow, at) => consentResponse(at, flow, { sub: 'x'.repeat(256) })],
    ['CF-32', 'a sub with NUL', (flow, at) => consentResponse(at, flow, { sub: 'alice\0' })],
    ['CF-32', 'a sub with a newline', (flow, at) => consentResponse(at, flow, { sub: 'alice\nbob' })],
    ['DB-10', 'NUL in at_ext', (flow, at) => consentResponse(at, flow, { at_ext: { x: '\0' } })],
    [
      'DB-10',
      'half a character in id_ext',
      (flow, at) => consentText(at, payload(flow).replace('"id_ext":{}', '"id_ext":{"x":"\\ud800"}')),
    ],
    ['SC-07', 'the id of a client as sub', (flow, at) => consentResponse(at, flow, { sub: 'svc' })],
    ['SC-07', 'the id of the root client as sub', (flow, at) => consentResponse(at, flow, { sub: 'admin' })],
    [
      'PM-06',
      'bytes that are not UTF-8',
      (flow, at) =>
        consentText(at, payload(flow)).replace(
          /^[^.]+\.[^.]+/,
          (head) => `${head.split('.')[0]}.${encodePart(Buffer.from([0x7b, 0xff, 0x7d]))}`,
        ),
    ],
    ['PM-06', 'no JWT at all', () => 'granted'],
    ['PM-06', 'DENIED', () => 'DENIED'],
  ])('%s: a consent response with %s buys nothing', async (_id, _what, forge) => {
    await refused(forge);
  });

  it('CF-04: a response that was refused cannot be repaired and sent again', async () => {
    const flow = await startFlow(target(), 'conf');
    expectRefused(await comeBack(flow, consentResponse(target(), flow, { scp: ['hydra'] })));
    expectRefused(await comeBack(flow, consentResponse(target(), flow)));
  });

  it('JW-35: the keys of this server’s own purposes are given to nobody, so nobody signs with them', async () => {
    for (const set of ['hydra.consent.challenge', 'hydra.openid.id-token']) {
      const answer = await admin(target(), 'GET', `/keys/${set}/private`);
      expect([set, answer.status]).toEqual([set, 403]);
    }
    // An ID token as a consent response: another key set signed it.
    const { id_token: idToken } = await newTokens(target());
    await refused(() => idToken);
  });

  it('CF-13: a denial that anybody can write ends no flow', async () => {
    const flow = await startFlow(target(), 'conf');
    const stranger = await comeBack(flow, 'denied', new Browser());
    expect(stranger.headers.location?.startsWith('https://consent.example/')).toBe(true);
    expect(responseOf(await comeBack(flow, consentResponse(target(), flow))).has('code')).toBe(true);
    const own = await startFlow(target(), 'conf');
    expectRefused(await comeBack(own, 'denied'));
    // First decision wins.
    expectRefused(await comeBack(own, consentResponse(target(), own)));
  });

  it('CF-14: a request that came by POST survives the way through the consent app', async () => {
    const browser = new Browser();
    const form = Object.fromEntries(new URLSearchParams(authorizationQuery('conf', { state: 'posted-state' })));
    const posted = await browser.send(`${target().product.publicUrl}/oauth2/auth`, { form });
    const flow = flowOf(target(), browser, posted);
    const response = responseOf(await comeBack(flow, consentResponse(target(), flow)));
    expect([response.has('code'), response.get('state')]).toEqual([true, 'posted-state']);
  });

  it('CF-17: the cookie is bound to this host, sealed, and out of reach of scripts', async () => {
    const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}` });
    const [cookie = '', ...others] = answer.headers.get('set-cookie') ?? [];
    expect(others).toEqual([]);
    expect(cookie).toMatch(
      /^__Host-castellan_flow_[\w-]{43}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    const bytes = Buffer.from(/=([\w-]+)/.exec(cookie)?.[1] ?? '', 'base64url').toString('latin1');
    expect(bytes).not.toContain('conf');
  });

  it.each<[string, string, (name: string, value: string, other: { name: string; value: string }) => string]>([
    [
      'CF-18',
      'edited',
      (name, value) => `${name}=${value.slice(0, -3)}${value.at(-3) === 'A' ? 'B' : 'A'}${value.slice(-2)}`,
    ],
    ['CF-18', 'truncated', (name, value) => `${name}=${value.slice(0, -4)}`],
    ['CF-18', 'with the value of another flow', (name, _value, other) => `${name}=${other.value}`],
    ['CF-18', 'under the name of another flow', (_name, value, other) => `${other.name}=${value}`],
    ['CF-18', 'without its host prefix', (name, value) => `${name.replace('__Host-', '')}=${value}`],
    ['CF-18', 'under a name in other case', (name, value) => `${name.replace('__Host-', '__host-')}=${value}`],
    ['CF-18', 'quoted', (name, value) => `${name}="${value}"`],
    ['CF-18', 'padded', (name, value) => `${name}=${value}=`],
    ['CF-18', 'empty', (name) => `${name}=`],
    ['CF-18', 'longer', (name, value) => `${name}=${value}AAAA`],
  ])('%s: a cookie that is %s counts as absent', async (_id, _what, forge) => {
    const [one, two] = [await cookieFlow(), await cookieFlow()];
    const headers = [['Cookie', forge(one.name, one.value, two)]] as const;
    const path = pathOf(one.flow, consentResponse(target(), one.flow));
    const answer = await rawTo(target(), { path, headers });
    expect(answer.headers.get('location')?.[0]).toMatch(/error=access_denied/);
    const honest = await rawTo(target(), { path, headers: [['Cookie', `${one.name}=${one.value}`]] });
    expect(honest.headers.get('location')?.[0]).toMatch(/[?&]code=/);
  });

  it('CF-18: cookies tossed over the true one, however many, do not end a flow', async () => {
    for (const prefix of ['castellan_flow_', '__Host-castellan_flow_']) {
      const { flow, name, value } = await cookieFlow();
      const tossed = Array.from({ length: 200 }, (_, index) => `${prefix}${String(index).padStart(43, 'x')}=x`);
      const own = prefix === 'castellan_flow_' ? [...tossed, `${name}=${value}`] : [`${name}=${value}`, ...tossed];
      const path = pathOf(flow, consentResponse(target(), flow));
      const answer = await rawTo(target(), { path, headers: [['Cookie', own.join('; ')]] });
      expect(answer.headers.get('location')?.[0]).toMatch(/[?&]code=/);
    }
  });

  async function cookieFlow(): Promise<{ flow: Flow; name: string; value: string }> {
    const answer = await send(`${target().product.publicUrl}/oauth2/auth?${authorizationQuery('conf')}`);
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(answer.headers['set-cookie']?.[0] ?? '') ?? [];
    return { flow: flowOf(target(), new Browser(), answer), name, value };
  }

  function pathOf(flow: Flow, consent: string): string {
    const { pathname, search } = new URL(flow.back);
    return `${pathname}${search}&consent=${consent}`;
  }

  it('CF-18: a cookie outlives neither its flow nor ten minutes', async () => {
    const flow = await startFlow(target(), 'conf');
    const consent = consentResponse(target(), flow, { exp: Math.floor(Date.now() / 1000) + 86_400 });
    await target().database.advanceClock(601_000);
    expectRefused(await comeBack(flow, consent));
  });

  it('CF-29: request ids are 256 random bits and no endpoint looks one up', async () => {
    const flow = await startFlow(target(), 'conf');
    expect(flow.claims['jti']).toMatch(/^[\w-]{43}$/);
    const answer = await rawTo(target(), { path: `/oauth2/auth/${String(flow.claims['jti'])}` });
    expect(answer.status).toBe(404);
  });

  it('CF-30: approval and denial at once: one decides', async () => {
    for (let round = 0; round < 5; round++) {
      const flow = await startFlow(target(), 'conf');
      const consent = consentResponse(target(), flow);
      const answers = await Promise.all([comeBack(flow, consent), comeBack(flow, 'denied'), comeBack(flow, consent)]);
      expect(answers.filter((answer) => responseOf(answer).has('code')).length).toBeLessThanOrEqual(1);
    }
  });

  it('CF-34: a client name that turns text around or holds controls is not registered', async () => {
    for (const name of ['\u202egnp.exe', 'a\u0000b', 'a\nb', 'x'.repeat(2_000), '\u2066x']) {
      expect((await admin(target(), 'POST', '/clients', { client_name: name })).status).toBe(400);
    }
  });

  it('PM-23: members named like a prototype stay data', async () => {
    const flow = await startFlow(target(), 'conf');
    const text = payload(flow).replace(
      '"at_ext":{}',
      '"at_ext":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
    expect(responseOf(await comeBack(flow, consentText(target(), text))).has('code')).toBe(true);
    expect((await send(`${target().product.publicUrl}/.well-known/openid-configuration`)).text).not.toContain(
      'polluted',
    );
  });

  it('CF-33: undecided requests are bounded per client, and the limit of one is not that of another', async () => {
    const path = `/oauth2/auth?${authorizationQuery('evil')}`;
    let refusals = 0;
    for (let sent = 0; sent < pendingLimit + 20; sent += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(`${target().product.publicUrl}${path}`)));
      refusals += answers.filter((answer) => answer.headers.location?.includes('error=temporarily_unavailable')).length;
    }
    expect(refusals).toBeGreaterThanOrEqual(15);
    expect((await authorize(target(), 'hybrid')).has('code')).toBe(true);
  });
});
