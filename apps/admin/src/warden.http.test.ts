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
  admin.backends.tokens.set('user-token', { subject: 'c2', scopes: ['openid', 'hydra.clients'] });
  admin.backends.tokens.set('extra-token', { subject: 'peter', scopes: [], extraJson: '{"a":[1]}' });
});

describe('POST /warden/allowed', () => {
  it('passes the access request with its context and answers the decision', async () => {
    admin.backends.decide = ({ subject, resource, action, context }) =>
      subject === 'root' || (subject === 'peter' && resource === 'r' && action === 'a' && context['x'] === 1);
    const asked = '{"subject":"peter","resource":"r","action":"a","context":{"x":1},"unknown":true}';
    const response = await admin.call('POST', '/warden/allowed', asked);
    expect([response.statusCode, response.body]).toEqual([200, '{"allowed":true}']);
    expect((await admin.call('POST', '/warden/allowed', asked.replace('1', '2'))).body).toBe('{"allowed":false}');
  });

  const incomplete = [
    '{}',
    '{"resource":"r","action":"a"}',
    '{"subject":"","resource":"r","action":"a"}',
    '{"subject":"s","resource":null,"action":"a"}',
    '{"subject":"s","resource":"r","action":""}',
    '{"subject":"","resource":"r","action":"a","anonymous":true}',
  ];
  it.each(incomplete)('denies %s, whatever the policies say', async (body) => {
    admin.backends.decide = () => true;
    const response = await admin.call('POST', '/warden/allowed', body);
    expect([response.statusCode, response.body]).toEqual([200, '{"allowed":false}']);
  });

  it.each(['{"subject":["s"]}', '{"subject":"s","context":[]}', '{"context":"x"}', '[]'])(
    'refuses %s',
    async (body) => {
      expect((await admin.call('POST', '/warden/allowed', body)).statusCode).toBe(400);
    },
  );

  it('takes a missing or null context as empty', async () => {
    admin.backends.decide = ({ subject, context }) => subject === 'root' || Object.keys(context).length === 0;
    for (const context of ['', ',"context":null', ',"context":{}']) {
      const body = `{"subject":"s","resource":"r","action":"a"${context}}`;
      expect((await admin.call('POST', '/warden/allowed', body)).body).toBe('{"allowed":true}');
    }
  });
});

describe('POST /warden/token/allowed', () => {
  it('answers what the token says, with times in RFC 3339', async () => {
    admin.backends.decide = () => true;
    const body = '{"token":"user-token","scopes":["openid"],"resource":"r","action":"a"}';
    const response = await admin.call('POST', '/warden/token/allowed', body);
    expect([response.statusCode, response.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(response.body).toBe(
      '{"sub":"c2","scopes":["openid","hydra.clients"],"iss":"https://localhost:9000","aud":"c2",' +
        '"iat":"2026-11-23T12:40:47.443Z","exp":"2026-11-23T13:40:47.000Z","ext":null,"allowed":true}',
    );
  });

  it('passes extra data on as it is', async () => {
    admin.backends.decide = () => true;
    const response = await admin.call(
      'POST',
      '/warden/token/allowed',
      '{"token":"extra-token","resource":"r","action":"a"}',
    );
    expect(response.body).toContain('"scopes":[],');
    expect(response.body).toContain('"ext":{"a":[1]},"allowed":true}');
  });

  const denied = [
    '{"token":"unknown","resource":"r","action":"a"}',
    '{"token":"user-token","scopes":["photos"],"resource":"r","action":"a"}',
    '{"token":"user-token","resource":"r","action":"a"}',
    '{"token":"","resource":"r","action":"a"}',
    '{"resource":"r","action":"a"}',
    '{"token":"root-token","resource":"r"}',
    '{"token":"root-token","action":"a"}',
  ];
  it.each(denied)('denies %s and says nothing else', async (body) => {
    const response = await admin.call('POST', '/warden/token/allowed', body);
    expect([response.statusCode, response.body]).toEqual([200, '{"allowed":false}']);
  });

  it.each(['{"token":1}', '{"token":"t","scopes":"openid"}', '{"token":"t","scopes":[1]}'])(
    'refuses %s',
    async (body) => {
      expect((await admin.call('POST', '/warden/token/allowed', body)).statusCode).toBe(400);
    },
  );
});

describe('POST /warden/explain', () => {
  it('says what led to the decision', async () => {
    admin.backends.decide = ({ subject }) => subject === 'root';
    const response = await admin.call('POST', '/warden/explain', '{"subject":"peter","resource":"r","action":"a"}');
    expect([response.statusCode, response.json()]).toEqual([
      200,
      {
        allowed: false,
        reason: 'default',
        revision: 1,
        decision_us: 1.5,
        subjects: ['peter', 'staff'],
        policies: [{ id: 'p1', effect: 'allow', subject: 'staff', unfulfilled_condition: 'owner' }],
        truncated: false,
        nearest_miss: { id: 'p1', subject: 'staff', part: 'condition', condition: 'owner' },
      },
    ]);
  });

  it('is a right of its own', async () => {
    admin.backends.decide = ({ subject, action }) => subject === 'root' && action === 'decide';
    const body = '{"subject":"peter","resource":"r","action":"a"}';
    expect((await admin.call('POST', '/warden/explain', body)).statusCode).toBe(403);
    expect((await admin.call('POST', '/warden/allowed', body)).statusCode).toBe(200);
    admin.backends.decide = ({ resource, action }) =>
      resource === 'rn:castellan:warden:explain' && action === 'warden:explain';
    expect((await admin.call('POST', '/warden/explain', body)).statusCode).toBe(200);
  });

  it('refuses an access request without a name in it', async () => {
    expect((await admin.call('POST', '/warden/explain', '{"resource":"r","action":"a"}')).statusCode).toBe(400);
  });
});
