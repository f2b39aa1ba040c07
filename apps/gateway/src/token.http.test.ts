import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { away, createBackends, introspection, issuedTokens } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

const INVALID_CLIENT = { error: 'invalid_client', description: 'Client authentication failed', status: 401, hint: '' };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
beforeEach(() => {
  Object.assign(gateway.backends, createBackends());
});

describe('the token endpoint', () => {
  it('answers issued tokens with members sorted by name', async () => {
    gateway.backends.issueToken = () => ({
      tokens: issuedTokens({ accessToken: 'ct_at_x', expiresIn: 3599, scope: 'hydra openid' }),
    });
    const response = await gateway.post('/oauth2/token', 'grant_type=client_credentials');
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-type': 'application/json;charset=UTF-8',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    expect(response.body).toBe(
      '{"access_token":"ct_at_x","expires_in":3599,"scope":"hydra openid","token_type":"bearer"}',
    );
  });

  it('adds the ID token and the refresh token where there are some', async () => {
    gateway.backends.issueToken = () => ({ tokens: issuedTokens({ idToken: 'i', refreshToken: 'r' }) });
    const { body } = await gateway.post('/oauth2/token', 'grant_type=authorization_code');
    expect(body).toBe(
      '{"access_token":"at","expires_in":3600,"id_token":"i","refresh_token":"r","scope":"","token_type":"bearer"}',
    );
  });

  it('passes the form as it came and the Authorization header, and never the query', async () => {
    let seen: unknown;
    gateway.backends.issueToken = (request) => {
      seen = request;
      return { tokens: issuedTokens({}) };
    };
    await gateway.post('/oauth2/token?client_secret=q', 'scope=a&scope=b&client_id[]=c', {
      authorization: 'Basic eDp5',
    });
    expect(seen).toEqual({
      parameters: [
        { name: 'scope', value: 'a' },
        { name: 'scope', value: 'b' },
        { name: 'client_id[]', value: 'c' },
      ],
      authorization: 'Basic eDp5',
      remoteAddress: '127.0.0.1',
    });
  });

  const challenges: readonly [authorization: string | undefined, challenge: string | undefined][] = [
    ['Basic eDp5', 'Basic realm="castellan"'],
    ['nonsense', 'Basic realm="castellan"'],
    [undefined, undefined],
  ];
  it.each(challenges)('challenges a refused client that sent %j with %j', async (authorization, challenge) => {
    gateway.backends.issueToken = () => ({ error: INVALID_CLIENT });
    const response = await gateway.post('/oauth2/token', 'a=b', authorization !== undefined ? { authorization } : {});
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, challenge]);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.body).toBe(
      '{"error":"invalid_client","error_description":"Client authentication failed","statusCode":401}',
    );
  });

  it('shows a hint where there is one', async () => {
    gateway.backends.issueToken = () => ({
      error: { error: 'invalid_grant', description: 'd', status: 400, hint: 'The code was used' },
    });
    const { body } = await gateway.post('/oauth2/token', 'a=b');
    expect(body).toBe(
      '{"error":"invalid_grant","error_description":"d","error_hint":"The code was used","statusCode":400}',
    );
  });

  it('refuses a JSON body as invalid_request', async () => {
    const response = await gateway.request({
      method: 'POST',
      url: '/oauth2/token',
      payload: '{"grant_type":"client_credentials"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(response.json()).toMatchObject({ error: 'invalid_request', statusCode: 400 });
  });

  it('refuses a body beyond the limit as invalid_request with 413', async () => {
    const response = await gateway.post('/oauth2/token', `a=${'b'.repeat(2 * 1024 * 1024)}`);
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject({ error: 'invalid_request', statusCode: 413 });
  });

  it.each(['scope=%00', 'scope=%ff', 'scope=%zz'])('refuses %s as invalid_request', async (form) => {
    const response = await gateway.post('/oauth2/token', form);
    expect([response.statusCode, response.json().error]).toEqual([400, 'invalid_request']);
  });

  it('answers a fault without detail', async () => {
    gateway.backends.issueToken = () => {
      throw new Error('relation "token.access_token" does not exist');
    };
    const response = await gateway.post('/oauth2/token', 'a=b');
    expect([response.statusCode, response.json().error]).toEqual([500, 'server_error']);
    expect(response.body).not.toContain('relation');
  });
});

describe.each(['/oauth2/token', '/oauth2/introspect', '/oauth2/revoke'])('%s', (url) => {
  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])(
    'answers %s with 405 and Allow: POST',
    async (method) => {
      const response = await gateway.request({ method, url });
      expect([response.statusCode, response.headers.allow]).toEqual([405, 'POST']);
    },
  );

  it('ignores X-HTTP-Method-Override', async () => {
    const response = await gateway.request({ url, headers: { 'x-http-method-override': 'POST' } });
    expect(response.statusCode).toBe(405);
  });

  it('answers 503 with Retry-After while the token service is away', async () => {
    Object.assign(gateway.backends, { issueToken: away, introspect: away, revokeToken: away });
    const response = await gateway.post(url, 'token=t');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.json().error).toBe('temporarily_unavailable');
    expect(response.body).not.toContain('10.0.0.7');
  });

  const variants = [`/${url}`, `${url}/`, url.toUpperCase(), `${url};x`, `/.${url}`, `${url}%2f`, `${url}%00`];
  it.each(variants)('is not reached by %s', async (variant) => {
    expect(await gateway.statusOf('POST', variant)).toBe(404);
  });
});

describe('the introspection endpoint', () => {
  it('answers about an active token in the order of the original, with a closing newline', async () => {
    gateway.backends.introspect = () => ({
      introspection: introspection({
        active: true,
        scopes: ['openid', 'offline'],
        clientId: 'c2',
        subject: 'user:12345:dandean',
        expiresAtMs: 1_795_441_065_999,
        issuedAtMs: 1_795_437_465_001,
        audience: ['c2'],
        issuer: 'https://localhost:9000',
        extraJson: '{"a":1}',
      }),
    });
    const response = await gateway.post('/oauth2/introspect', 'token=t', { authorization: 'bearer x' });
    expect(response.statusCode).toBe(200);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['content-type']).toBe('application/json;charset=UTF-8');
    expect(response.body).toBe(
      '{"active":true,"scope":"openid offline","client_id":"c2","sub":"user:12345:dandean","exp":1795441065,' +
        '"iat":1795437465,"aud":"c2","iss":"https://localhost:9000","ext":{"a":1}}\n',
    );
  });

  it('writes several audiences as an array and leaves out what is empty', async () => {
    gateway.backends.introspect = () => ({ introspection: introspection({ active: true, audience: ['a', 'b'] }) });
    expect((await gateway.post('/oauth2/introspect', 'token=t')).body).toBe('{"active":true,"aud":["a","b"]}\n');
  });

  it('says nothing but inactive about an inactive token', async () => {
    gateway.backends.introspect = () => ({
      introspection: introspection({ active: false, subject: 'alice', scopes: ['a'], clientId: 'c' }),
    });
    expect((await gateway.post('/oauth2/introspect', 'token=t')).body).toBe('{"active":false}\n');
  });

  it('challenges a caller who showed a bearer token with Bearer', async () => {
    gateway.backends.introspect = () => ({
      error: {
        error: 'request_unauthorized',
        description: 'The request could not be authorized',
        status: 401,
        hint: '',
      },
    });
    const response = await gateway.post('/oauth2/introspect', 'token=t', { authorization: 'Bearer t' });
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(response.body).toBe(
      '{"error":"request_unauthorized","error_description":"The request could not be authorized","statusCode":401}',
    );
  });
});

describe('the revocation endpoint', () => {
  it('answers 200 with an empty body that is called JSON', async () => {
    const response = await gateway.post('/oauth2/revoke', 'token=garbage&callback=x');
    expect([response.statusCode, response.body]).toEqual([200, '']);
    expect(response.headers['content-type']).toBe('application/json;charset=UTF-8');
  });

  it('answers a refused client with its error', async () => {
    gateway.backends.revokeToken = () => ({ error: INVALID_CLIENT });
    const response = await gateway.post('/oauth2/revoke', 'token=t', { authorization: 'Basic eDp5' });
    expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Basic realm="castellan"']);
  });
});

describe('the revocation endpoint', () => {
  it('answers 503 with Retry-After while nothing can be revoked, never 200 (IN-14)', async () => {
    gateway.backends.revokeToken = away;
    const response = await gateway.post('/oauth2/revoke', 'token=ct_rt_x');
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, expect.stringMatching(/^[0-9]+$/)]);
    expect(response.body).not.toContain('10.0.0.7');
  });
});
