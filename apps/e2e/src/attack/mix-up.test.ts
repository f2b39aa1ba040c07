import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { claimsOf, headerOf } from './jwt.js';
import {
  authorizationQuery,
  authorize,
  comeBack,
  newTokens,
  rawTo,
  redeem,
  responseOf,
  startFlow,
  tokensOf,
  useTarget,
} from './target.js';

const target = useTarget();

function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

describe('mix-up, state and nonce', () => {
  it('MX-01: every response names the issuer that discovery names', async () => {
    const discovery = await rawTo(target(), { path: '/.well-known/openid-configuration' });
    const metadata = JSON.parse(discovery.body) as Record<string, unknown>;
    expect(metadata['authorization_response_iss_parameter_supported']).toBe(true);
    expect(metadata['issuer']).toBe(target().product.issuer);
    expect((await authorize(target(), 'conf')).get('iss')).toBe(metadata['issuer']);
    expect((await authorize(target(), 'hybrid', { response_type: 'id_token token' })).get('iss')).toBe(
      metadata['issuer'],
    );
    const flow = await startFlow(target(), 'conf');
    const denied = responseOf(await comeBack(flow, 'denied'));
    expect([denied.get('error'), denied.get('iss')]).toEqual(['access_denied', metadata['issuer']]);
  });

  it.each([
    [
      'MX-02',
      [
        ['Host', 'evil.example'],
        ['Connection', 'close'],
      ],
    ],
    [
      'MX-02',
      [
        ['Host', 'localhost'],
        ['X-Forwarded-Host', 'evil.example'],
        ['Connection', 'close'],
      ],
    ],
    [
      'MX-02',
      [
        ['Host', 'localhost'],
        ['Forwarded', 'host=evil.example;proto=http'],
        ['Connection', 'close'],
      ],
    ],
    [
      'MX-02',
      [
        ['Host', 'localhost'],
        ['X-Forwarded-Proto', 'http'],
        ['X-Original-URL', '/clients'],
        ['Connection', 'close'],
      ],
    ],
  ] as const)('%s: %j does not name the issuer', async (_id, headers) => {
    const path = '/.well-known/openid-configuration';
    const answer = await rawTo(target(), { path, headers, bare: true });
    expect(answer.status).toBe(200);
    expect((JSON.parse(answer.body) as { issuer: string }).issuer).toBe(target().product.issuer);
    expect(answer.text).not.toContain('evil.example');
    const started = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}`, headers, bare: true });
    const challenge = new URL(started.headers.get('location')?.[0] ?? '').searchParams.get('challenge') ?? '';
    expect(String(claimsOf(challenge)['redir']).startsWith(`${target().product.issuer}/oauth2/auth?`)).toBe(true);
    expect(started.headers.get('set-cookie')?.[0]).toMatch(/^__Host-castellan_flow_.*; Secure$/);
  });

  it.each([
    ['MX-03', `"<>&'`],
    ['MX-03', '\u{1f600}\u00e9'],
    ['MX-03', 'a+b;c=d&code=x#frag'],
    ['MX-03', '%0d%0aSet-Cookie: x=1'],
    ['MX-03', 'x'.repeat(2048)],
  ])('%s: a state comes back byte for byte (%#)', async (_id, state) => {
    const response = await authorize(target(), 'conf', { state });
    expect(response.get('state')).toBe(state);
    expect(response.getAll('code')).toHaveLength(1);
  });

  it('MX-03: a state that is too long is not repeated, one with controls ends on our page', async () => {
    const long = await rawTo(target(), {
      path: `/oauth2/auth?${authorizationQuery('conf', { state: 'x'.repeat(2049) })}`,
    });
    const response = new URL(long.headers.get('location')?.[0] ?? '').searchParams;
    expect([response.get('error'), response.has('state')]).toEqual(['invalid_request', false]);
    const query = authorizationQuery('conf', { state: undefined });
    for (const state of ['%00', '%0d%0aSet-Cookie:%20x=1', '%ff%fe', '%ed%a0%80']) {
      const answer = await rawTo(target(), { path: `/oauth2/auth?${query}&state=${state}` });
      expect([answer.status, answer.headers.has('location'), answer.headers.has('set-cookie')]).toEqual([
        400,
        false,
        false,
      ]);
    }
  });

  it.each(['id_token', 'id_token token', 'code id_token', 'code id_token token'])(
    'MX-06: response type %s needs a nonce',
    async (responseType) => {
      const query = authorizationQuery('hybrid', { response_type: responseType, nonce: undefined });
      const answer = await rawTo(target(), { path: `/oauth2/auth?${query}` });
      const response = new URLSearchParams(new URL(answer.headers.get('location')?.[0] ?? '').hash.slice(1));
      expect(response.get('error')).toBe('invalid_request');
    },
  );

  it('MX-07: each ID token has the nonce of its own request', async () => {
    const one = await newTokens(target(), 'conf', { nonce: 'the-first-nonce' });
    const two = await newTokens(target(), 'conf', { nonce: 'the-second-nonce' });
    expect([claimsOf(one.id_token)['nonce'], claimsOf(two.id_token)['nonce']]).toEqual([
      'the-first-nonce',
      'the-second-nonce',
    ]);
  });

  it('MX-09: hash claims of a hybrid answer belong to what it carries', async () => {
    const response = await authorize(target(), 'hybrid', { response_type: 'code id_token token' });
    const idToken = response.get('id_token') ?? '';
    expect(headerOf(idToken)['alg']).toBe('RS256');
    expect(claimsOf(idToken)).toMatchObject({
      c_hash: halfHash(response.get('code') ?? ''),
      at_hash: halfHash(response.get('access_token') ?? ''),
      nonce: 'a-nonce-of-some-length',
      aud: 'hybrid',
    });
    const redeemed = tokensOf(await redeem(target(), 'hybrid', response.get('code') ?? ''));
    expect(claimsOf(redeemed.id_token ?? '')['at_hash']).toBe(halfHash(redeemed.access_token));
  });

  it('MX-10: the consent app decides no claim that is the server’s', async () => {
    const forged = {
      iss: 'https://evil.example',
      sub: 'mallory',
      aud: 'evil',
      exp: 9_999_999_999,
      iat: 1,
      nbf: 1,
      jti: 'x',
      nonce: 'forged',
      azp: 'evil',
      auth_time: 1,
      at_hash: 'x',
      c_hash: 'x',
      s_hash: 'x',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      ['__proto__']: { polluted: true },
      name: 'Alice',
    };
    const extra = JSON.parse(JSON.stringify(forged)) as unknown;
    const tokens = await newTokens(target(), 'conf', {}, { id_ext: extra, at_ext: { sub: 'mallory', active: false } });
    const claims = claimsOf(tokens.id_token);
    expect(claims).toMatchObject({
      iss: target().product.issuer,
      sub: 'alice',
      aud: 'conf',
      name: 'Alice',
      nonce: 'a-nonce-of-some-length',
    });
    for (const name of ['nbf', 'jti', 'azp', 'c_hash', 's_hash', 'events'])
      expect(claims, name).not.toHaveProperty(name);
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(3600);
  });
});
