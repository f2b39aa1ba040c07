import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { sendRawForm } from './raw.js';
import {
  admin,
  errorOf,
  introspect,
  isActive,
  newTokens,
  rawTo,
  refresh,
  revoke,
  serviceToken,
  useTarget,
} from './target.js';

const target = useTarget();
const inactive = '{"active":false}\n';

describe('introspection', () => {
  it('positive control: a confidential client and another token are told about a token', async () => {
    const { access_token: token } = await newTokens(target());
    expect(await isActive(target(), token)).toBe(true);
    const bearer = await serviceToken(target(), 'docs');
    const answer = await send(`${target().product.publicUrl}/oauth2/introspect`, { form: { token }, bearer });
    expect(JSON.parse(answer.text)).toMatchObject({ active: true, sub: 'alice', client_id: 'conf' });
  });

  it('IN-01: nobody is told without authentication', async () => {
    const { access_token: token } = await newTokens(target());
    const answer = await sendRawForm(target().port, '/oauth2/introspect', `token=${token}`);
    expect(answer.status).toBe(401);
    expect(answer.body).not.toContain('"active"');
  });

  it('IN-02: a token does not vouch for itself', async () => {
    const token = await serviceToken(target(), 'docs');
    for (const asked of [token, `${token}`]) {
      const answer = await send(`${target().product.publicUrl}/oauth2/introspect`, {
        form: { token: asked },
        bearer: token,
      });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('IN-03: a public client is nobody here', async () => {
    const { access_token: token } = await newTokens(target());
    for (const form of [`token=${token}&client_id=pub`, `token=${token}&client_id=pub&client_secret=`]) {
      expect((await sendRawForm(target().port, '/oauth2/introspect', form)).status).toBe(401);
    }
    const basic = ['Authorization', `Basic ${Buffer.from('pub:').toString('base64')}`] as const;
    expect((await sendRawForm(target().port, '/oauth2/introspect', `token=${token}`, [basic])).status).toBe(401);
  });

  it('IN-05, IN-06: unknown, revoked, foreign and garbage tokens are one answer of one member', async () => {
    const revoked = (await newTokens(target())).access_token;
    await revoke(target(), revoked);
    const { refresh_token: refreshToken, id_token: idToken } = await newTokens(target());
    const random = Array.from(
      { length: 50 },
      () => `ct_at_${randomBytes(40).toString('base64url')}.${randomBytes(32).toString('base64url')}`,
    );
    for (const token of [
      revoked,
      refreshToken,
      idToken,
      'x',
      '',
      'null',
      '{}',
      'x'.repeat(10_000),
      "' OR 1=1--",
      ...random,
    ]) {
      const answer = await introspect(target(), token);
      expect([answer.status, answer.text]).toEqual([200, inactive]);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
  });

  it('IN-07: GET, PUT and the query tell nothing', async () => {
    const token = await serviceToken(target(), 'docs');
    const basic = [
      'Authorization',
      `Basic ${Buffer.from(`svc:${target().clients.svc.secret}`).toString('base64')}`,
    ] as const;
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await rawTo(target(), { method, path: `/oauth2/introspect?token=${token}`, headers: [basic] });
      expect([method, answer.status, answer.headers.get('allow')?.[0]]).toEqual([method, 405, 'POST']);
    }
    const query = await sendRawForm(target().port, `/oauth2/introspect?token=${token}`, 'token=x', [basic]);
    expect(query.body).toBe(inactive);
  });

  it.each([
    ['docs', true],
    ['docs.read', true],
    ['docs openid', true],
    ['doc', false],
    ['docsx', false],
    ['docs.', false],
    ['.docs', false],
    ['docs..read', false],
    ['*', false],
    ['docs hydra', false],
    ['"', false],
    ['DOCS', false],
    ['', true],
  ])('IN-09: needed scope %j of a token with docs and openid: active is %s', async (scope, active) => {
    const { access_token: token } = await newTokens(target(), 'conf', { scope: 'openid docs' });
    const answer = JSON.parse((await introspect(target(), token, { scope })).text) as { active: boolean };
    expect(answer.active).toBe(active);
    if (!active) expect(Object.keys(answer)).toEqual(['active']);
  });

  it('IN-09: a child scope does not cover its parent', async () => {
    await admin(target(), 'POST', '/clients', {
      id: 'child',
      client_secret: 'a-secret-of-thirty-two-characters',
      grant_types: ['client_credentials'],
      scope: 'foo.bar',
    });
    const answer = await send(`${target().product.publicUrl}/oauth2/token`, {
      form: { grant_type: 'client_credentials', scope: 'foo.bar' },
      basic: ['child', 'a-secret-of-thirty-two-characters'],
    });
    const token = (JSON.parse(answer.text) as { access_token: string }).access_token;
    expect((await introspect(target(), token, { scope: 'foo' })).text).toBe(inactive);
    expect((await introspect(target(), token, { scope: 'foo.bar.baz' })).text).not.toBe(inactive);
  });
});

describe('revocation', () => {
  it.each(['x', 'ct_at_x.y', 'null', "'; DROP TABLE token.access_token; --", '\u{1f600}', 'x'.repeat(12_000)])(
    'IN-13: revoking garbage is no error (%#)',
    async (token) => {
      const answer = await revoke(target(), token);
      expect([answer.status, answer.text]).toEqual([200, '']);
    },
  );

  it('IN-13: without a token it is', async () => {
    const answer = await revoke(target(), '');
    expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_request']);
  });

  it.each(['refresh_token', 'access_token', 'nonsense'])('IN-15: the hint %s does not matter', async (hint) => {
    const tokens = await newTokens(target());
    expect((await revoke(target(), tokens.access_token, 'conf', { token_type_hint: hint })).status).toBe(200);
    expect(await isActive(target(), tokens.access_token)).toBe(false);
    const others = await newTokens(target());
    expect((await revoke(target(), others.refresh_token, 'conf', { token_type_hint: hint })).status).toBe(200);
    expect((await refresh(target(), 'conf', others.refresh_token)).status).toBe(400);
  });

  it('IN-16: nobody revokes the tokens of another client', async () => {
    const tokens = await newTokens(target());
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expect((await revoke(target(), token, 'evil')).status).toBe(400);
      expect((await sendRawForm(target().port, '/oauth2/revoke', `token=${token}`)).status).toBe(401);
    }
    expect(await isActive(target(), tokens.access_token)).toBe(true);
    expect((await refresh(target(), 'conf', tokens.refresh_token)).status).toBe(200);
  });

  it('IN-18: a callback parameter is ignored', async () => {
    const answer = await revoke(target(), 'x', 'conf', { callback: 'alert(1)//' });
    expect(answer.text).toBe('');
  });
});

describe('metadata and keys', () => {
  it('IN-23: discovery promises what is served and nothing that is off', async () => {
    const metadata = JSON.parse((await rawTo(target(), { path: '/.well-known/openid-configuration' })).body) as Record<
      string,
      readonly string[]
    >;
    expect(metadata['code_challenge_methods_supported']).toEqual(['S256']);
    expect(metadata['id_token_signing_alg_values_supported']).not.toContain('none');
    expect(metadata['id_token_signing_alg_values_supported']).not.toContain('HS256');
    expect(metadata['grant_types_supported']).not.toContain('password');
    for (const [name, value] of Object.entries(metadata)) {
      if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue;
      const url = new URL(String(value));
      expect(url.origin).toBe(target().product.issuer);
      expect((await rawTo(target(), { path: url.pathname })).status, name).not.toBe(404);
    }
  });

  it('IN-25, IN-26: the public key set holds public keys of one purpose, each under a name of its own', async () => {
    const { keys } = JSON.parse((await rawTo(target(), { path: '/.well-known/jwks.json' })).body) as {
      keys: Record<string, unknown>[];
    };
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(key).not.toHaveProperty(member);
      expect(key['kty']).not.toBe('oct');
    }
    expect(new Set(keys.map((key) => key['kid'])).size).toBe(keys.length);
    const consent = JSON.parse((await admin(target(), 'GET', '/keys/hydra.consent.response/public')).text) as {
      keys: { n: string }[];
    };
    expect(keys.map((key) => key['n'])).not.toContain(consent.keys[0]?.n);
  });
});
