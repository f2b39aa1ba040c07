import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { admin, introspect, isActive, newTokens, rawTo, revoke, serviceToken, useTarget } from './target.js';

const target = useTarget();
const inactive = '{"active":false}\n';

async function wardenAllows(token: string): Promise<boolean> {
  const question = { token, scopes: [], resource: 'rn:hydra:clients', action: 'get', context: {} };
  const answer = await admin(target(), 'POST', '/warden/token/allowed', question);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.text) as { allowed: boolean }).allowed;
}

describe('token texts', () => {
  it('positive control: the root token is active and allowed', async () => {
    expect(await isActive(target(), target().root)).toBe(true);
    expect(await wardenAllows(target().root)).toBe(true);
  });

  it.each<[string, string, (token: string, other: string) => string]>([
    [
      'TS-01',
      'a forged signature',
      (token) =>
        `${token.slice(0, token.indexOf('.'))}.${createHmac('sha256', 'guess').update(token).digest('base64url')}`,
    ],
    [
      'TS-01',
      'random bytes',
      () => `ct_at_${randomBytes(40).toString('base64url')}.${randomBytes(32).toString('base64url')}`,
    ],
    ['TS-01', 'no signature', (token) => token.slice(0, token.indexOf('.') + 1)],
    ['TS-02', 'padding', (token) => `${token}=`],
    ['TS-02', 'the other alphabet', (token) => token.replaceAll('-', '+').replaceAll('_', '/')],
    ['TS-02', 'an upper-cased prefix', (token) => token.replace('ct_at_', 'CT_AT_')],
    ['TS-02', 'a blank before', (token) => ` ${token}`],
    ['TS-02', 'a blank after', (token) => `${token} `],
    ['TS-02', 'a percent-encoded dot', (token) => token.replace('.', '%2E')],
    ['TS-02', 'a second dot', (token) => token.replace('.', '..')],
    ['TS-02', 'trailing bits', (token) => trailingTwin(token)],
    ['TS-02', 'a newline', (token) => `${token}\n`],
    [
      'TS-03',
      'the signature of another',
      (token, other) => token.slice(0, token.indexOf('.')) + other.slice(other.indexOf('.')),
    ],
    ['TS-05', 'the type of another', (token) => token.replace('ct_at_', 'ct_rt_')],
  ])('%s: %s makes no token', async (_id, _what, forge) => {
    const [token, other] = [target().root, await serviceToken(target(), 'hydra')];
    const forged = forge(token, other);
    expect(forged).not.toBe(token);
    const answer = await introspect(target(), forged);
    if (answer.status === 400) expect(/[\s]/.test(forged)).toBe(true);
    else expect([answer.status, answer.text]).toEqual([200, inactive]);
    if (!/[\r\n]/.test(forged)) {
      const listed = await rawTo(target(), {
        path: '/clients',
        headers: [['Authorization', `Bearer ${forged.trim() === token ? `${token}.` : forged}`]],
      });
      expect(listed.status).toBe(401);
    }
    expect(await wardenAllows(forged)).toBe(false);
  });

  function trailingTwin(token: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return token.slice(0, -1) + (alphabet[alphabet.indexOf(token.at(-1) ?? '') ^ 1] ?? '');
  }

  it('TS-02: a revoked token has no twin that is still accepted', async () => {
    const tokens = await newTokens(target());
    await revoke(target(), tokens.access_token);
    for (const text of [tokens.access_token, trailingTwin(tokens.access_token)]) {
      expect(await isActive(target(), text)).toBe(false);
      expect(await wardenAllows(text)).toBe(false);
    }
  });

  it('TS-05: an ID token is no access token', async () => {
    const { id_token: idToken } = await newTokens(target());
    expect((await introspect(target(), idToken)).text).toBe(inactive);
    expect((await admin(target(), 'GET', '/clients', undefined, idToken)).status).toBe(401);
    expect(await wardenAllows(idToken)).toBe(false);
  });

  it('TS-11: a token in two places is one too many', async () => {
    const { root } = target();
    const bearer = ['Authorization', `Bearer ${root}`] as const;
    expect((await rawTo(target(), { path: `/clients?access_token=${root}`, headers: [bearer] })).status).toBe(400);
    expect((await rawTo(target(), { path: '/clients', headers: [bearer, bearer] })).status).toBe(400);
    expect((await rawTo(target(), { path: '/clients', headers: [bearer, ['authorization', 'Bearer x']] })).status).toBe(
      400,
    );
    expect((await rawTo(target(), { path: `/clients?access_token=${root}` })).status).toBe(401);
  });

  it('TS-13: a token in a body or a cookie opens nothing', async () => {
    const body = `access_token=${target().root}`;
    const form = ['Content-Type', 'application/x-www-form-urlencoded'] as const;
    expect((await rawTo(target(), { method: 'GET', path: '/clients', headers: [form], body })).status).toBe(401);
    expect((await rawTo(target(), { method: 'POST', path: '/clients', headers: [form], body })).status).toBe(415);
    expect((await rawTo(target(), { path: '/clients', headers: [['Cookie', body]] })).status).toBe(401);
  });

  it.each([
    ['bearer %', 200],
    ['BEARER %', 200],
    ['Bearer   %', 200],
    ['Bearer\t%', 401],
    ['Bearer %,x', 401],
    ['Bearer % x', 401],
    ['Bearer "%"', 401],
    ['Bearer', 401],
    ['Bearer %\u00e9', 401],
    ['Token %', 401],
    ['Bearer%', 401],
    ['Basic %', 401],
  ])('TS-14: Authorization %j is answered %i', async (shape, status) => {
    const answer = await rawTo(target(), {
      path: '/clients',
      headers: [['Authorization', shape.replace('%', target().root)]],
    });
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.headers.get('www-authenticate')?.[0]).toMatch(/^Bearer/);
  });

  it('TS-15: an access token is over when its hour is', async () => {
    const token = await serviceToken(target(), 'docs');
    await target().database.advanceClock(3_599_000);
    expect(await isActive(target(), token)).toBe(true);
    await target().database.advanceClock(1_500);
    expect(await isActive(target(), token)).toBe(false);
    // The root token went with it: nothing in this process remembers that it was good.
    expect((await send(`${target().product.adminUrl}/clients`, { bearer: target().root })).status).toBe(401);
  });
});
