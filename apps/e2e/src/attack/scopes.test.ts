import { describe, expect, it } from 'vitest';
import { type Answer, send } from '../http.js';
import { admin, authorizationQuery, errorOf, rawTo, tokenRequest, tokensOf, useTarget } from './target.js';

const target = useTarget();

function own(scope: string | undefined): Promise<Answer> {
  return tokenRequest(target(), 'svc', { grant_type: 'client_credentials', scope });
}

describe('scopes and grants', () => {
  it('positive control: registered scopes and their children are granted', async () => {
    expect(tokensOf(await own('docs hydra.keys.get')).scope).toBe('docs hydra.keys.get');
  });

  it.each([
    ['SC-01', 'openid'],
    ['SC-01', 'docs openid'],
    ['SC-02', 'hydraX'],
    ['SC-02', 'hydra.'],
    ['SC-02', '.hydra'],
    ['SC-02', 'hydra..keys'],
    ['SC-02', '.'],
    ['SC-02', 'HYDRA'],
    ['SC-03', '*'],
    ['SC-03', 'hydra*'],
    ['SC-03', '<.*>'],
    ['PM-27', 'docs\thydra'],
    ['PM-27', 'docs\nhydra'],
    ['PM-27', 'docs"'],
    ['PM-27', 'docs\\'],
    ['PM-27', 'doc\u017f'],
    ['PM-27', 'docs\u200b'],
    ['PM-27', 'x'.repeat(4_097)],
  ])('%s: scope %j is not granted to a client for docs and hydra', async (_id, scope) => {
    const answer = await own(scope);
    expect(answer.status).toBe(400);
    expect(['invalid_scope', 'invalid_request']).toContain(errorOf(answer));
    const started = await rawTo(target(), {
      path: `/oauth2/auth?${authorizationQuery('conf', { scope: `docs ${scope === 'openid' || scope === 'docs openid' ? 'hydra' : scope}` })}`,
    });
    expect(started.headers.get('location')?.[0] ?? 'our page').not.toContain('challenge=');
  });

  it('PM-27: blanks around and between scopes are nothing, and repeated ones are one', async () => {
    expect(tokensOf(await own('  docs   hydra docs ')).scope).toBe('docs hydra');
    expect(tokensOf(await own(Array.from({ length: 500 }, () => 'docs').join(' '))).scope).toBe('docs');
  });

  it('SC-02: an empty scope in the registration gives no scope', async () => {
    const made = await admin(target(), 'POST', '/clients', {
      id: 'blank',
      client_secret: 'a-secret-of-thirty-two-characters',
      grant_types: ['client_credentials'],
      scope: ' ',
    });
    expect(made.status).toBe(201);
    for (const scope of ['docs', '.docs', '.']) {
      const answer = await send(`${target().product.publicUrl}/oauth2/token`, {
        form: { grant_type: 'client_credentials', scope },
        basic: ['blank', 'a-secret-of-thirty-two-characters'],
      });
      expect(answer.status).toBe(400);
    }
  });

  it('SC-03: a client registered for a star has the star and nothing else', async () => {
    await admin(target(), 'POST', '/clients', {
      id: 'star',
      client_secret: 'a-secret-of-thirty-two-characters',
      grant_types: ['client_credentials'],
      scope: '* hydra.*',
    });
    const ask = (scope: string): Promise<Answer> =>
      send(`${target().product.publicUrl}/oauth2/token`, {
        form: { grant_type: 'client_credentials', scope },
        basic: ['star', 'a-secret-of-thirty-two-characters'],
      });
    expect((await ask('docs')).status).toBe(400);
    expect((await ask('hydra.keys')).status).toBe(400);
    expect((await ask('*')).status).toBe(200);
  });

  it.each([
    ['SC-05', 'password', 'unsupported_grant_type'],
    ['SC-09', '__proto__', 'unsupported_grant_type'],
    ['SC-09', 'constructor', 'unsupported_grant_type'],
    ['SC-09', 'toString', 'unsupported_grant_type'],
    ['SC-09', 'CLIENT_CREDENTIALS', 'unsupported_grant_type'],
    ['SC-09', 'client_credentials ', 'unsupported_grant_type'],
    ['SC-09', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'unsupported_grant_type'],
    ['SC-09', 'urn:ietf:params:oauth:grant-type:token-exchange', 'unsupported_grant_type'],
    ['SC-09', 'implicit', 'unsupported_grant_type'],
  ])('%s: grant type %j is %s', async (_id, grantType, error) => {
    const answer = await tokenRequest(target(), 'svc', {
      grant_type: grantType,
      username: 'alice',
      password: 'x',
      scope: 'docs',
    });
    expect([answer.status, errorOf(answer)]).toEqual([400, error]);
  });

  it('SC-06: a public client, and one that is not registered for it, do not act for themselves', async () => {
    for (const client of ['pub', 'conf'] as const) {
      const answer = await tokenRequest(target(), client, { grant_type: 'client_credentials', scope: 'docs' });
      expect([client, answer.status, errorOf(answer)]).toEqual([client, 400, 'unauthorized_client']);
    }
    const made = await admin(target(), 'POST', '/clients', {
      id: 'pubcc',
      public: true,
      grant_types: ['client_credentials'],
      scope: 'docs',
    });
    if (made.status === 201) {
      const answer = await send(`${target().product.publicUrl}/oauth2/token`, {
        form: { grant_type: 'client_credentials', client_id: 'pubcc' },
      });
      expect([400, 401]).toContain(answer.status);
    }
  });

  it('SC-07: neither client nor group takes the other’s name', async () => {
    expect((await admin(target(), 'POST', '/warden/groups', { id: 'svc', members: ['mallory'] })).status).toBe(409);
    expect((await admin(target(), 'POST', '/warden/groups', { id: 'crew', members: ['alice'] })).status).toBe(201);
    expect((await admin(target(), 'POST', '/clients', { id: 'crew' })).status).toBe(409);
  });

  it('SC-11: who asks for no scope gets none', async () => {
    for (const scope of [undefined, '', '  ']) expect(tokensOf(await own(scope)).scope).toBe('');
  });
});
