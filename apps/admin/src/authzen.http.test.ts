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

  it('is absent where no URL is configured', async () => {
    const other = await startTestAdmin();
    try {
      expect((await other.callWithout('GET', '/.well-known/authzen-configuration')).statusCode).toBe(404);
    } finally {
      await other.close();
    }
  });
});
