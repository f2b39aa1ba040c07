import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import {
  admin,
  authorizationQuery,
  authorize,
  type ClientName,
  errorOf,
  introspect,
  isActive,
  newCode,
  newPkce,
  pkceOf,
  rawTo,
  redeem,
  tokenRequest,
  tokensOf,
  useTarget,
} from './target.js';

const target = useTarget();
const native = { redirect_uri: 'http://127.0.0.1:51004/cb' };

function expectInvalidGrant(answer: Answer): void {
  expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_grant']);
  expect(answer.headers['cache-control']).toBe('no-store');
}

async function pause(milliseconds: number): Promise<void> {
  await target().database.advanceClock(milliseconds);
}

describe('authorization codes', () => {
  it('positive control: a code buys tokens once, with PKCE and without', async () => {
    expect((await redeem(target(), 'conf', await newCode(target()))).status).toBe(200);
    const pair = newPkce();
    const code = await newCode(target(), 'pub', { ...native, ...pkceOf(pair) });
    expect((await redeem(target(), 'pub', code, { ...native, code_verifier: pair.verifier })).status).toBe(200);
  });

  it('CD-01: a replayed code buys nothing and takes back what it bought', async () => {
    const code = await newCode(target());
    const tokens = tokensOf(await redeem(target(), 'conf', code));
    expect(await isActive(target(), tokens.access_token)).toBe(true);
    await pause(3_000);
    expectInvalidGrant(await redeem(target(), 'conf', code));
    expect(await isActive(target(), tokens.access_token)).toBe(false);
    const again = await tokenRequest(target(), 'conf', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
    });
    expectInvalidGrant(again);
  });

  it('CD-02: of 64 parallel redemptions one wins, round after round', async () => {
    for (let round = 0; round < 5; round++) {
      const code = await newCode(target());
      const answers = await Promise.all(Array.from({ length: 64 }, () => redeem(target(), 'conf', code)));
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
      for (const answer of answers.filter((each) => each.status !== 200)) expectInvalidGrant(answer);
    }
  });

  it('CD-03: another client gets nothing for a code, and burns it', async () => {
    const code = await newCode(target());
    expectInvalidGrant(await redeem(target(), 'evil', code));
    expectInvalidGrant(await redeem(target(), 'conf', code));
  });

  it('CD-05: a code ends after its lifetime, by the clock of the database', async () => {
    const code = await newCode(target());
    await pause(61_000);
    expectInvalidGrant(await redeem(target(), 'conf', code));
  });

  it('CD-07: no other text than the code itself is the code', async () => {
    const [code, other] = [await newCode(target()), await newCode(target())];
    const dot = code.indexOf('.');
    const flipped = (at: number): string => code.slice(0, at) + (code[at] === 'A' ? 'B' : 'A') + code.slice(at + 1);
    const last = code.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? '';
    const forgeries = [
      ...[0, 5, 6, 10, 16, dot - 1, dot, dot + 1, code.length - 1].map(flipped),
      code.slice(0, -1),
      code.slice(1),
      `${code}A`,
      `${code}=`,
      `${code}.`,
      ` ${code}`,
      `${code} `,
      code.slice(0, dot) + other.slice(other.indexOf('.')),
      code.slice(0, -1) + twin,
      code.replace('ct_ac_', 'ct_at_'),
      code.replace('ct_ac_', 'CT_AC_'),
      code.slice(0, dot),
      '.',
      'ct_ac_.',
    ];
    for (const forged of forgeries) {
      if (forged !== code) expectInvalidGrant(await redeem(target(), 'conf', forged));
    }
    expect((await redeem(target(), 'conf', code)).status).toBe(200);
  });

  it('CD-09: codes differ in 256 random bits', async () => {
    const codes = await Promise.all(Array.from({ length: 20 }, () => newCode(target())));
    const random = codes.map((code) => Buffer.from(code.slice(6, code.indexOf('.')), 'base64url').subarray(8));
    expect(random.every((bytes) => bytes.length >= 32)).toBe(true);
    expect(new Set(random.map((bytes) => bytes.toString('hex'))).size).toBe(20);
    const ones = random
      .flatMap((bytes) => [...bytes])
      .reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    // 5120 bits: six standard deviations.
    expect(Math.abs(ones - 2560)).toBeLessThan(215);
  });

  it.each([
    ['CD-10', 'pub', native, 'invalid_request'],
    ['CD-11', 'strict', {}, 'invalid_request'],
    ['CD-17', 'conf', { code_challenge: 'a'.repeat(42), code_challenge_method: 'S256' }, 'invalid_request'],
    ['CD-17', 'conf', { code_challenge: 'a'.repeat(44), code_challenge_method: 'S256' }, 'invalid_request'],
    ['CD-17', 'conf', { code_challenge: `${'a'.repeat(42)}=`, code_challenge_method: 'S256' }, 'invalid_request'],
    ['CD-17', 'conf', { code_challenge: `${'a'.repeat(42)}+`, code_challenge_method: 'S256' }, 'invalid_request'],
    ['CD-18', 'conf', { code_challenge: newPkce().challenge, code_challenge_method: 'S512' }, 'invalid_request'],
    ['CD-18', 'conf', { code_challenge: newPkce().challenge, code_challenge_method: 's256' }, 'invalid_request'],
    ['CD-18', 'conf', { code_challenge: newPkce().challenge, code_challenge_method: 'plain' }, 'invalid_request'],
    ['CD-18', 'conf', { code_challenge: newPkce().challenge }, 'invalid_request'],
    ['CD-18', 'conf', { code_challenge_method: 'S256' }, 'invalid_request'],
    ['CD-22', 'conf', { response_mode: 'fragment' }, 'invalid_request'],
    ['CD-22', 'hybrid', { response_type: 'code token', response_mode: 'query' }, 'invalid_request'],
    ['CD-22', 'hybrid', { response_type: 'id_token', response_mode: 'query' }, 'invalid_request'],
    ['CD-23', 'conf', { response_type: 'token' }, 'unauthorized_client'],
    ['CD-23', 'conf', { response_type: 'code token' }, 'unauthorized_client'],
    ['CD-23', 'conf', { response_type: 'id_token' }, 'unauthorized_client'],
    ['CD-23', 'conf', { response_type: 'code code' }, 'unsupported_response_type'],
    ['CD-23', 'conf', { response_type: 'constructor' }, 'unsupported_response_type'],
  ] as const)('%s: client %s with %j is told %s at its redirect URI', async (_id, client, parameters, error) => {
    const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery(client, parameters)}` });
    const location = new URL(answer.headers.get('location')?.[0] ?? 'about:blank');
    const response = new URLSearchParams(location.hash !== '' ? location.hash.slice(1) : location.search);
    expect(response.get('error')).toBe(error);
    expect(response.get('state')).toBe('a-state-of-some-length');
    expect(response.get('iss')).toBe(target().product.issuer);
    expect(response.has('code') || response.has('access_token')).toBe(false);
    expect(answer.headers.has('set-cookie')).toBe(false);
  });

  it('CD-13: a verifier without a challenge is refused: the challenge was stripped', async () => {
    expectInvalidGrant(await redeem(target(), 'conf', await newCode(target()), { code_verifier: newPkce().verifier }));
  });

  it.each([
    ['CD-14', 'no verifier', () => undefined],
    ['CD-14', 'an empty verifier', () => ''],
    ['CD-15', 'another verifier', () => newPkce().verifier],
    ['CD-15', 'the verifier in another case', (verifier: string) => verifier.toUpperCase()],
    ['CD-15', 'the challenge', (verifier: string) => createHash('sha256').update(verifier).digest('base64url')],
    ['CD-15', 'the verifier and a blank', (verifier: string) => `${verifier} `],
    ['CD-15', 'a prefix of the verifier', (verifier: string) => verifier.slice(0, -1)],
  ] as const)('%s: %s redeems nothing and burns the code', async (_id, _what, forge) => {
    const pair = newPkce();
    const code = await newCode(target(), 'pub', { ...native, ...pkceOf(pair) });
    expectInvalidGrant(await redeem(target(), 'pub', code, { ...native, code_verifier: forge(pair.verifier) }));
    expectInvalidGrant(await redeem(target(), 'pub', code, { ...native, code_verifier: pair.verifier }));
  });

  it('CD-19: a code injected into the session of somebody else does not fit their verifier', async () => {
    const [mallory, alice] = [newPkce(), newPkce()];
    const code = await newCode(target(), 'pub', { ...native, ...pkceOf(mallory) }, { sub: 'mallory' });
    expectInvalidGrant(await redeem(target(), 'pub', code, { ...native, code_verifier: alice.verifier }));
  });

  it('CD-21: GET at the token endpoint is 405 and its query is not logged', async () => {
    const code = await newCode(target());
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await rawTo(target(), {
        method,
        path: `/oauth2/token?grant_type=authorization_code&code=${code}`,
      });
      expect([answer.status, answer.headers.get('allow')?.[0]]).toEqual([405, 'POST']);
    }
    expect(target().product.log()).not.toContain(code);
  });

  it('CD-25, CD-26: a code dies with the registration and with the secret of its client', async () => {
    const registration = {
      id: 'short-lived',
      client_secret: 'a-secret-of-thirty-two-characters',
      redirect_uris: ['https://rp.example/cb'],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      scope: 'docs',
    };
    const ask = (secret: string, code: string): Promise<Answer> =>
      send(`${target().product.publicUrl}/oauth2/token`, {
        form: { grant_type: 'authorization_code', code, redirect_uri: 'https://rp.example/cb' },
        basic: ['short-lived', secret],
      });
    expect((await admin(target(), 'POST', '/clients', registration)).status).toBe(201);
    const code = await newCode(target(), 'short-lived' as ClientName, { scope: 'docs' });
    const changed = await admin(target(), 'PUT', '/clients/short-lived', {
      ...registration,
      client_secret: 'another-secret-of-thirty-two-chars',
    });
    expect(changed.status).toBe(201);
    expect((await ask(registration.client_secret, code)).status).toBe(401);
    await admin(target(), 'DELETE', '/clients/short-lived');
    expect((await ask('another-secret-of-thirty-two-chars', code)).status).toBe(401);
    // Who registers the name again is another client.
    expect((await admin(target(), 'POST', '/clients', registration)).status).toBe(201);
    expectInvalidGrant(await ask(registration.client_secret, code));
  });

  it('CD-26: a client deleted while its code is redeemed keeps no live token', async () => {
    for (let round = 0; round < 6; round++) {
      const registration = {
        id: `racing-${round}`,
        redirect_uris: ['https://rp.example/cb'],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        scope: 'docs offline',
      };
      const made = JSON.parse((await admin(target(), 'POST', '/clients', registration)).text) as {
        client_secret: string;
      };
      const code = await newCode(target(), registration.id as ClientName, { scope: 'docs offline' });
      const [answer] = await Promise.all([
        send(`${target().product.publicUrl}/oauth2/token`, {
          form: { grant_type: 'authorization_code', code, redirect_uri: 'https://rp.example/cb' },
          basic: [registration.id, made.client_secret],
        }),
        admin(target(), 'DELETE', `/clients/${registration.id}`),
      ]);
      expect([200, 400, 401]).toContain(answer.status);
      if (answer.status === 200) {
        const tokens = tokensOf(answer);
        expect((await introspect(target(), tokens.access_token)).text).toBe('{"active":false}\n');
      }
    }
  });

  it('CD-27: a code is worth nothing as any other token', async () => {
    const code = await newCode(target());
    expect((await introspect(target(), code)).text).toBe('{"active":false}\n');
    expect((await admin(target(), 'GET', '/clients', undefined, code)).status).toBe(401);
    expectInvalidGrant(await tokenRequest(target(), 'conf', { grant_type: 'refresh_token', refresh_token: code }));
  });

  it('CD-30: secrets sent to the wrong endpoint are in no row and not in the challenge', async () => {
    const mistake = {
      client_secret: 'a-secret-by-mistake',
      code_verifier: 'a-verifier-by-mistake',
      password: 'a-password-by-mistake',
    };
    for (const secret of Object.values(mistake)) target().secrets.add(secret);
    const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf', mistake)}` });
    expect(answer.status).toBe(302);
    const challenge = new URL(answer.headers.get('location')?.[0] ?? '').searchParams.get('challenge') ?? '';
    expect(Buffer.from(challenge.split('.')[1] ?? '', 'base64url').toString()).not.toContain('by-mistake');
    await redeem(target(), 'conf', await newCode(target()), { client_secret: target().clients.conf.secret });
  });

  it('CD-31: an error page loads nothing of others and leaks no referrer', async () => {
    const answer = await rawTo(target(), { path: '/oauth2/auth', headers: [['Accept', 'text/html']] });
    expect(answer.headers.get('referrer-policy')).toEqual(['no-referrer']);
    expect(answer.headers.get('content-security-policy')?.[0]).toContain("default-src 'none'");
    expect(answer.body).not.toMatch(/<(script|img|iframe|style)/i);
    // The one thing that it loads is the style of our own origin.
    expect(answer.body.match(/(?:href|src|action)="[^"]*"/g)).toEqual(['href="/assets/castellan.css"']);
  });
});

describe('responses', () => {
  it('MX-09 is checked with the hybrid flow: authorize answers every member in the fragment', async () => {
    const response = await authorize(target(), 'hybrid', { response_type: 'code id_token token' });
    expect([...response.keys()].sort()).toEqual([
      'access_token',
      'code',
      'expires_in',
      'id_token',
      'iss',
      'scope',
      'state',
      'token_type',
    ]);
  });
});
