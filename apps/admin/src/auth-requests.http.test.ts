import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { type AccessRequest, createBackends } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

const requests = '/admin/oauth2/auth/requests';

describe('a pending request over the admin API', () => {
  it.each([
    ['today', `${requests}/login?login_challenge=c1`],
    ['without the prefix, as in 1.0', '/oauth2/auth/requests/login?login_challenge=c1'],
    ['by the plain name of 1.0', '/oauth2/auth/requests/login?challenge=c1'],
    ['in the path, as in the betas of 1.0', '/oauth2/auth/requests/login/c1'],
  ])('is read with the members of the SDK: %s', async (_, url) => {
    const response = await admin.call('GET', url);
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      challenge: 'c1',
      requested_scope: ['openid'],
      requested_access_token_audience: [],
      skip: false,
      subject: '',
      oidc_context: { acr_values: ['gold'], display: 'page', id_token_hint_claims: { sub: 'alice' } },
      client: expect.objectContaining({ client_id: 'rp', client_name: 'Relying Party' }),
      request_url: 'https://op.example/oauth2/auth?client_id=rp',
      session_id: 's1',
      expires_at: '2023-11-14T22:13:20.000Z',
      reason: 'no_session',
    });
  });

  it('of consent says what the login app said', async () => {
    const response = await admin.call('GET', `${requests}/consent?consent_challenge=c1`);
    expect(response.json()).toMatchObject({
      challenge: 'c1',
      login_challenge: 'l1',
      login_session_id: 's1',
      consent_request_id: 'k1',
      acr: 'gold',
      amr: ['pwd'],
      context: { from: 'login' },
    });
    expect(response.json()).not.toHaveProperty('session_id');
  });

  it.each(['login', 'consent'])('of %s: 404 when unknown, 400 without a name, 410 when decided', async (kind) => {
    const read = (challenge: string) => admin.call('GET', `${requests}/${kind}?${kind}_challenge=${challenge}`);
    expect((await read('unknown')).statusCode).toBe(404);
    expect((await read('')).statusCode).toBe(400);
    expect((await admin.call('GET', `${requests}/${kind}?${kind}_challenge=c1&${kind}_challenge=c1`)).statusCode).toBe(
      400,
    );
    const over = await read('over');
    expect([over.statusCode, over.json()]).toEqual([
      410,
      { redirect_to: 'https://op.example/oauth2/auth?client_id=rp' },
    ]);
    for (const [decision, body] of [
      ['accept', '{"subject":"alice"}'],
      ['reject', '{}'],
    ]) {
      const response = await admin.call('PUT', `${requests}/${kind}/${decision}?${kind}_challenge=over`, body);
      expect(response.statusCode).toBe(409);
    }
  });

  it('takes a login as the SDK sends it', async () => {
    const body = {
      subject: 'alice',
      remember: true,
      remember_for: 3600,
      extend_session_lifespan: true,
      acr: 'gold',
      amr: ['pwd'],
      force_subject_identifier: 'forced',
      identity_provider_session_id: 'idp',
      context: { any: [1, null] },
      some_later_member: true,
    };
    const response = await admin.call('PUT', `${requests}/login/accept?login_challenge=c1`, JSON.stringify(body));
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { redirect_to: 'https://op.example/oauth2/auth?login_verifier=v' },
    ]);
    expect(admin.backends.decisions).toMatchObject([
      {
        challenge: 'c1',
        subject: 'alice',
        remember: true,
        rememberFor: 3600,
        extendSessionLifespan: true,
        acr: 'gold',
        amr: ['pwd'],
        forceSubjectIdentifier: 'forced',
        identityProviderSessionId: 'idp',
        contextJson: '{"any":[1,null]}',
      },
    ]);
  });

  it('takes a consent and a refusal as the SDK sends them', async () => {
    const granted = {
      grant_scope: ['openid'],
      grant_access_token_audience: ['urn:photos'],
      handled_at: '2026-01-01T00:00:00Z',
      session: { access_token: { a: 1 }, id_token: { name: 'Alice' } },
      remember: true,
      remember_for: 0,
    };
    await admin.call('PUT', `${requests}/consent/accept?consent_challenge=c1`, JSON.stringify(granted));
    const refused = { error: 'access_denied', error_description: 'no', status_code: 403 };
    await admin.call('PUT', `${requests}/consent/reject?consent_challenge=c1`, JSON.stringify(refused));
    expect(admin.backends.decisions).toMatchObject([
      {
        grantScope: ['openid'],
        grantAudience: ['urn:photos'],
        accessTokenJson: '{"a":1}',
        idTokenJson: '{"name":"Alice"}',
        remember: true,
        rememberFor: 0,
        level2: false,
      },
      { refusal: { error: 'access_denied', errorDescription: 'no', statusCode: 403 } },
    ]);
  });

  it.each([
    ['login', '{"subject":1}'],
    ['login', '{"subject":"a","remember_for":-1}'],
    ['login', '{"subject":"a","amr":"pwd"}'],
    ['consent', '{"grant_scope":"openid"}'],
    ['consent', '{"session":"x"}'],
    ['consent', '[]'],
    ['consent', '{"remember":true,"remember":false}'],
  ])('refuses a %s of another shape: %s', async (kind, body) => {
    const response = await admin.call('PUT', `${requests}/${kind}/accept?${kind}_challenge=c1`, body);
    expect([response.statusCode, admin.backends.decisions]).toEqual([400, []]);
  });

  it('of level L2 is read, accepted and rejected by its id', async () => {
    const read = await admin.call('GET', '/oauth2/consent/requests/c1');
    expect(read.json()).toEqual({
      id: 'c1',
      requestedScopes: ['openid'],
      clientId: 'rp',
      expiresAt: '2023-11-14T22:13:20.000Z',
      redirectUrl: 'https://op.example/oauth2/auth?consent=c1&consent_csrf=x',
    });
    const granted = '{"subject":"alice","grantScopes":["openid"],"idTokenExtra":{"a":1}}';
    const accepted = await admin.call('PATCH', '/oauth2/consent/requests/c1/accept', granted);
    const rejected = await admin.call('PATCH', '/oauth2/consent/requests/c1/reject', '{"reason":"no"}');
    expect([accepted.statusCode, rejected.statusCode]).toEqual([204, 204]);
    expect(admin.backends.decisions).toMatchObject([
      { level2: true, subject: 'alice', grantScope: ['openid'], idTokenJson: '{"a":1}' },
      { level2: true, refusal: { errorDescription: 'no' } },
    ]);
  });
});

describe('sessions of users over the admin API', () => {
  const consents = '/admin/oauth2/auth/sessions/consent';
  const logins = '/admin/oauth2/auth/sessions/login';

  it('are listed by pages, with a link to the next', async () => {
    const first = await admin.call('GET', `${consents}?subject=alice&page_size=2`);
    expect(first.json()).toMatchObject([
      {
        consent_request_id: 'k1',
        consent_request: { challenge: 'c1', subject: 'alice', client: { client_id: 'rp' } },
        grant_scope: ['openid'],
        grant_access_token_audience: [],
        session: { access_token: {}, id_token: { name: 'Alice' } },
        remember: true,
        remember_for: 60,
        handled_at: '2023-11-14T22:13:20.000Z',
      },
      { consent_request_id: 'k2' },
    ]);
    expect(first.headers['link']).toBe(`<${consents}?subject=alice&page_size=2&page_token=k2>; rel="next"`);
    const second = await admin.call('GET', `${consents}?subject=alice&page_size=2&page_token=k2`);
    expect([second.json().length, second.headers['link']]).toEqual([1, undefined]);
    expect((await admin.call('GET', `${consents}?subject=nobody`)).json()).toEqual([]);
  });

  it.each([
    ['DELETE', `${consents}?subject=alice`],
    ['DELETE', consents],
    ['GET', consents],
    ['GET', `${consents}?subject=alice&page_size=0`],
    ['GET', logins],
    ['DELETE', logins],
    ['DELETE', `${logins}?subject=alice&sid=s1`],
  ])('say what is missing: %s %s', async (method, url) => {
    expect((await admin.call(method, url)).statusCode).toBe(400);
    expect(admin.backends.decisions).toEqual([]);
  });

  it.each([
    [`${consents}?subject=alice&client=rp`, { subject: 'alice', clientId: 'rp', id: '' }],
    [`${consents}?subject=alice&all=true`, { subject: 'alice', clientId: '', id: '' }],
    [`${consents}?consent_request_id=k1`, { subject: '', clientId: '', id: 'k1' }],
    [`${logins}?subject=alice`, { subject: 'alice', sessionId: '', revokeTokens: false }],
    [`${logins}?sid=s1&revoke_tokens=true`, { subject: '', sessionId: 's1', revokeTokens: true }],
  ])('are revoked: DELETE %s', async (url, asked) => {
    const response = await admin.call('DELETE', url);
    expect([response.statusCode, admin.backends.decisions]).toEqual([204, [asked]]);
  });

  it.each([
    ['GET', `${requests}/login?login_challenge=c1`, 'requests:login:c1', 'get'],
    ['PUT', `${requests}/consent/accept?consent_challenge=c1`, 'requests:consent:c1', 'accept'],
    ['PUT', '/oauth2/auth/requests/login/c1/reject', 'requests:login:c1', 'reject'],
    ['DELETE', `${logins}?subject=alice%3Abob`, 'sessions:login:alice%3Abob', 'delete'],
    ['GET', `${consents}?subject=alice`, 'sessions:consent:alice', 'get'],
  ])('are the object of a question to the Warden: %s %s', async (method, url, resource, action) => {
    const asked: AccessRequest[] = [];
    admin.backends.decide = (access) => {
      asked.push(access);
      return false;
    };
    const response = await admin.call(method, url, method === 'PUT' ? '{}' : undefined);
    expect(response.statusCode).toBe(403);
    expect(asked).toMatchObject([{ subject: 'root', resource: `rn:castellan:oauth2:auth:${resource}`, action }]);
  });
});
