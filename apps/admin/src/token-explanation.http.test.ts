import { explanationV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

const seconds = 1_790_000_000_000;
function explained(changes: Partial<explanationV1.ExplainTokenResponse> = {}) {
  return explanationV1.ExplainTokenResponse.create({
    type: 'access_token',
    format: 'jwt',
    valid: true,
    token: {
      ...{ clientId: 'app', subject: 'alice', scopes: ['photos', 'openid'], audience: ['https://api.example'] },
      ...{ issuedAtMs: seconds, expiresAtMs: seconds + 3_600_000, decisionId: 'd-1', policyRevision: 7 },
      family: {
        id: '2944.abc',
        createdAtMs: seconds,
        expiresAtMs: seconds + 7_200_000,
        revokedAtMs: 0,
        scopes: ['openid'],
      },
    },
    ...changes,
  });
}
const ask = async (body: object) => {
  const answer = await admin.call('POST', '/token/explain', JSON.stringify(body));
  return { status: answer.statusCode, json: JSON.parse(answer.body) as { [member: string]: unknown } };
};

describe('POST /token/explain', () => {
  it('tells the whole chain behind a token', async () => {
    admin.backends.explanations.set('ct_at_secret', explained());
    const { status, json } = await ask({ token: 'ct_at_secret' });
    expect(status).toBe(200);
    expect(json).toEqual({
      ...{ valid: true, type: 'access_token', format: 'jwt', reasons: [], client_id: 'app', subject: 'alice' },
      ...{ scopes: ['photos', 'openid'], audience: ['https://api.example'] },
      ...{ issued_at: '2026-09-21T14:13:20.000Z', expires_at: '2026-09-21T15:13:20.000Z' },
      family: {
        ...{ id: '2944.abc', scopes: ['openid'], revoked_at: null },
        ...{ created_at: '2026-09-21T14:13:20.000Z', expires_at: '2026-09-21T16:13:20.000Z' },
      },
      issuance: { decision_id: 'd-1', policy_revision: 7 },
      access: null,
    });
  });

  it.each([
    ['is good, has the scopes, and a policy allows it', {}, ['photos'], true, true],
    ['lacks a scope', {}, ['photos', 'admin'], true, false],
    ['is not allowed by a policy', {}, ['photos'], false, false],
    ['is over', { valid: false, reasons: ['family_revoked'] }, ['photos'], true, false],
    ['is a refresh token', { type: 'refresh_token' }, [], true, false],
  ])('says what an access would answer to a token that %s', async (_, changes, scopes, allows, allowed) => {
    admin.backends.explanations.set('t', explained(changes));
    admin.backends.decide = ({ subject }) => subject === 'root' || allows;
    const { json } = await ask({ token: 't', action: 'get', resource: 'r', scopes });
    expect(json['access']).toMatchObject({ allowed, action: 'get', resource: 'r', policies: { allowed: allows } });
  });

  it('names the scopes that are missing', async () => {
    admin.backends.explanations.set('t', explained());
    const { json } = await ask({ token: 't', action: 'get', resource: 'r', scopes: ['photos.read', 'admin'] });
    expect(json['access']).toMatchObject({ missing_scopes: ['admin'] });
  });

  it('says of a text that is no token of ours that it is none, and asks about nobody', async () => {
    const { status, json } = await ask({ token: 'garbage', action: 'get', resource: 'r' });
    expect(status).toBe(200);
    expect(json).toMatchObject({ valid: false, type: null, subject: null, access: null });
  });

  it('refuses a request without a token, or with half an access', async () => {
    for (const body of [
      {},
      { token: '' },
      { token: 't', action: 'get' },
      { token: 't', resource: 'r' },
      { token: [] },
    ]) {
      expect((await admin.call('POST', '/token/explain', JSON.stringify(body))).statusCode).toBe(400);
    }
  });

  it('writes each look to the log, never the token', async () => {
    admin.backends.explanations.set('ct_at_secret', explained());
    await ask({ token: 'ct_at_secret' });
    const lines = admin.log.filter((line) => line.includes('Token explained'));
    expect(lines.at(-1)).toMatch(/client=app .*family=2944\.abc/);
    expect(admin.log.join('\n')).not.toContain('ct_at_secret');
  });
});
