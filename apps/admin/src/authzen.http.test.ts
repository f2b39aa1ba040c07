import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends } from './testing/backends.js';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin({ resourceNamePrefix: 'rn:hydra', accessUrl: 'https://pdp.example/base/' });
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
  admin.backends.decide = ({ subject, resource }) =>
    subject === 'root' || (subject === 'alice' && resource !== 'secret');
});

const evaluation = {
  subject: { type: 'user', id: 'alice' },
  action: { name: 'read' },
  resource: { type: 'doc', id: '1' },
};
const resource = (id: string): object => ({ resource: { type: 'doc', id } });

async function post(path: string, body: unknown): Promise<[number, unknown]> {
  const response = await admin.call(
    'POST',
    `/access/v1/${path}`,
    typeof body === 'string' ? body : JSON.stringify(body),
  );
  return [response.statusCode, response.json()];
}

describe('POST /access/v1/evaluation', () => {
  it('answers the decision', async () => {
    expect(await post('evaluation', evaluation)).toEqual([200, { decision: true }]);
    expect(await post('evaluation', { ...evaluation, ...resource('secret') })).toEqual([200, { decision: false }]);
  });

  it('gives types and properties to the conditions, and nobody else can', async () => {
    let seen: unknown;
    admin.backends.decide = ({ subject, context }) => (subject === 'alice' && (seen = context), true);
    await post('evaluation', {
      subject: { type: 'user', id: 'alice', properties: { department: 'sales' } },
      action: { name: 'read', properties: { method: 'GET' } },
      resource: { type: 'doc', id: '1' },
      context: { ip: '10.0.0.1', 'subject.type': 'admin', 'subject.properties.level': 9 },
    });
    expect(seen).toEqual({
      ip: '10.0.0.1',
      'subject.type': 'user',
      'resource.type': 'doc',
      'subject.properties.department': 'sales',
      'action.properties.method': 'GET',
    });
  });

  it.each([
    ['', 400],
    ['[]', 400],
    ['{}', 400],
    ['{', 400],
    [JSON.stringify({ ...evaluation, subject: undefined }), 400],
    [JSON.stringify({ ...evaluation, action: {} }), 400],
    [JSON.stringify({ ...evaluation, resource: { id: '1' } }), 400],
    [JSON.stringify({ ...evaluation, resource: { type: 'doc', id: '' } }), 400],
    [JSON.stringify({ ...evaluation, subject: { type: 1, id: 'alice' } }), 400],
    [JSON.stringify({ ...evaluation, context: [] }), 400],
  ])('refuses %s', async (body, status) => {
    expect((await admin.call('POST', '/access/v1/evaluation', body)).statusCode).toBe(status);
  });

  it.each(['GET', 'PUT'])('refuses %s', async (method) => {
    expect((await admin.call(method, '/access/v1/evaluation')).statusCode).toBe(405);
  });

  it('needs a token, and gives the request ID back', async () => {
    const body = JSON.stringify(evaluation);
    expect((await admin.callWithout('POST', '/access/v1/evaluation', body)).statusCode).toBe(401);
    const response = await admin.call('POST', '/access/v1/evaluation', body, { 'x-request-id': 'abc-123' });
    expect(response.headers['x-request-id']).toBe('abc-123');
  });

  it.each(['bfe9eb29-ab87-4ca3', 'a b/c+d==:{}', 'x'.repeat(256)])(
    'gives the request ID %s back with whatever response',
    async (id) => {
      const headers = { 'x-request-id': id };
      const body = JSON.stringify(evaluation);
      const responses = await Promise.all([
        admin.call('POST', '/access/v1/evaluation', body, headers),
        admin.call('POST', '/access/v1/evaluations', body, headers),
        admin.call('POST', '/access/v1/evaluation', '{', headers),
        admin.call('POST', '/access/v1/evaluation', '{}', headers),
        admin.callWithout('POST', '/access/v1/evaluation', body, headers),
        admin.call('GET', '/access/v1/evaluation', undefined, headers),
        admin.call('POST', '/access/v1/search/subject', '{}', headers),
        admin.callWithout('GET', '/.well-known/authzen-configuration', undefined, headers),
      ]);
      expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 400, 400, 401, 405, 404, 200]);
      expect(new Set(responses.map((response) => response.headers['x-request-id']))).toEqual(new Set([id]));
    },
  );

  it.each(['a\u00e4', ' ', 'x'.repeat(257)])('makes a request ID of its own for %j', async (id) => {
    const response = await admin.call('POST', '/access/v1/evaluation', '{', { 'x-request-id': id });
    expect(response.headers['x-request-id']).toMatch(/^[A-Za-z0-9_-]{8,}$/);
  });

  it.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['text/plain', 400],
    ['text/html', 400],
    ['application/json-patch+json', 400],
    ['application/x-www-form-urlencoded', 400],
  ])('answers a body of type %s with %i', async (type, status) => {
    const headers = { 'content-type': type };
    const response = await admin.call('POST', '/access/v1/evaluation', JSON.stringify(evaluation), headers);
    expect(response.statusCode).toBe(status);
  });

  it('refuses a member twice, wherever it stands', async () => {
    const text = JSON.stringify(evaluation);
    for (const body of [
      text.replace('"id":"alice"', '"id":"alice","id":"root"'),
      text.replace('"id":"alice"', '"id":"alice","\\u0069d":"root"'),
      text.replace('{"subject"', '{"subject":{"type":"user","id":"root"},"subject"'),
    ]) {
      expect((await admin.call('POST', '/access/v1/evaluation', body)).statusCode, body).toBe(400);
    }
  });
});

describe('POST /access/v1/evaluations', () => {
  const { subject, action } = evaluation;
  const evaluations = [resource('1'), resource('secret'), resource('2'), resource('secret')];

  it.each([
    [undefined, [true, false, true, false]],
    ['execute_all', [true, false, true, false]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('answers in order with semantic %s', async (semantic, decisions) => {
    const options = semantic !== undefined ? { options: { evaluations_semantic: semantic } } : {};
    expect(await post('evaluations', { subject, action, evaluations, ...options })).toEqual([
      200,
      { evaluations: decisions.map((decision) => ({ decision })) },
    ]);
  });

  it('takes an evaluation by itself before what is said for all', async () => {
    const own = { subject: { type: 'user', id: 'mallory' } };
    const [, body] = await post('evaluations', { ...evaluation, evaluations: [{}, own] });
    expect(body).toEqual({ evaluations: [{ decision: true }, { decision: false }] });
  });

  it('is one evaluation without a list', async () => {
    expect(await post('evaluations', evaluation)).toEqual([200, { decision: true }]);
    expect(await post('evaluations', { ...evaluation, evaluations: [] })).toEqual([200, { decision: true }]);
    expect((await post('evaluations', { subject }))[0]).toBe(400);
  });

  it('answers for an evaluation that lacks a member in its place', async () => {
    const [status, body] = await post('evaluations', { subject, evaluations: [evaluation, { action }] });
    expect([status, body]).toEqual([
      200,
      {
        evaluations: [
          { decision: true },
          { decision: false, context: { error: { status: 400, message: 'resource is missing' } } },
        ],
      },
    ]);
  });

  it('takes a type, an ID or a name that an evaluation leaves out from what is said for all (section 7.1.1)', async () => {
    const body = {
      subject: { type: 'user', id: 'mallory' },
      action: { name: 'read' },
      resource: { type: 'doc' },
      evaluations: [
        { subject: { id: 'alice' }, resource: { id: '1', properties: { status: 'active' } } },
        { subject: { id: 'alice' }, resource: { id: 'secret' } },
        { subject: { id: 'alice', properties: {} }, resource: { id: '1' }, action: { properties: {} } },
        { resource: { id: '1' } },
      ],
    };
    const evaluations = [true, false, true, false].map((decision) => ({ decision }));
    expect(await post('evaluations', body)).toEqual([200, { evaluations }]);
  });

  it.each([
    [
      { action, resource: { id: '1' } },
      'resource is incomplete, and does not say whether the properties for all are its own',
    ],
    [{ action, resource: { properties: {} } }, 'resource.id is missing'],
    [{ resource: { id: '1', properties: {} }, action: { properties: {} } }, 'action.name is missing'],
    [{ resource: { id: '1', properties: {} }, subject: { id: 'alice' }, action }, 'subject.type is missing'],
  ])('guesses nothing where %j leaves open what is asked', async (own, message) => {
    const common = { resource: { type: 'doc', properties: { status: 'archived' } } };
    const [status, body] = await post('evaluations', { ...common, evaluations: [evaluation, { subject, ...own }] });
    const refused = { decision: false, context: { error: { status: 400, message } } };
    expect([status, body]).toEqual([200, { evaluations: [{ decision: true }, refused] }]);
  });

  it.each([
    { ...evaluation, evaluations: {} },
    { ...evaluation, evaluations: [{}], options: { evaluations_semantic: 'any' } },
    { ...evaluation, evaluations: Array.from({ length: 257 }, () => ({})) },
    { evaluations: [{ subject: 'alice' }] },
  ])('refuses what does not fit', async (body) => {
    expect((await post('evaluations', body))[0]).toBe(400);
  });
});

describe('GET /.well-known/authzen-configuration', () => {
  it('is public and made of the configured URL alone', async () => {
    const response = await admin.callWithout('GET', '/.well-known/authzen-configuration', undefined, {
      host: 'evil.example',
    });
    expect([response.statusCode, response.json()]).toEqual([
      200,
      {
        policy_decision_point: 'https://pdp.example/base',
        access_evaluation_endpoint: 'https://pdp.example/base/access/v1/evaluation',
        access_evaluations_endpoint: 'https://pdp.example/base/access/v1/evaluations',
      },
    ]);
  });

  it('stands where its path comes after the well-known name, and at no other path', async () => {
    const at = async (path: string): Promise<number> =>
      (await admin.callWithout('GET', `/.well-known/authzen-configuration${path}`)).statusCode;
    expect(await Promise.all(['/base', '/base/', '/other', '/', '/base/../x'].map(at))).toEqual([
      200, 404, 404, 404, 404,
    ]);
  });

  it('names no endpoint that is not there', async () => {
    const { json } = await admin.callWithout('GET', '/.well-known/authzen-configuration');
    expect(Object.keys(json<object>()).filter((name) => name.startsWith('search_'))).toEqual([]);
    for (const kind of ['subject', 'resource', 'action']) {
      expect((await admin.call('POST', `/access/v1/search/${kind}`, '{}')).statusCode).toBe(404);
    }
  });

  it('is absent where no URL is configured', async () => {
    const other = await startTestAdmin();
    try {
      expect((await other.callWithout('GET', '/.well-known/authzen-configuration')).statusCode).toBe(404);
    } finally {
      await other.close();
    }
  });
});
