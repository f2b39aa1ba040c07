import { expect, it } from 'vitest';
import { type Answer, send } from './http.js';
import { type Product, rootToken } from './product.js';

/** The policies by which the fixture of the certification scenario of AuthZEN 1.0 (section "Required Fixture") holds. */
const archived = {
  'resource.properties.status': { type: 'StringEqualCondition', options: { equals: 'archived' } },
};
const policies = [
  { subjects: ['alice'], resources: ['record-<[0-9]+>'], actions: ['<read|write>'] },
  { subjects: ['bob'], resources: ['record-<[0-9]+>'], actions: ['read'] },
  { subjects: ['alice'], resources: ['record-<[0-9]+>'], actions: ['write'], effect: 'deny', conditions: archived },
  {
    subjects: ['<.*>'],
    resources: ['record-<[0-9]+>'],
    actions: ['write'],
    conditions: {
      ...archived,
      'subject.properties.role': { type: 'StringEqualCondition', options: { equals: 'admin' } },
    },
  },
  {
    subjects: ['alice'],
    resources: ['record-<[0-9]+>'],
    actions: ['delete'],
    conditions: { 'action.properties.soft': { type: 'BooleanCondition', options: { value: true } } },
  },
];

const user = (id: string, properties?: object): object => ({ type: 'user', id, ...(properties && { properties }) });
const record = (number: number, status?: string): object => ({
  type: 'record',
  id: `record-${number}`,
  ...(status !== undefined && { properties: { status } }),
});
const read = { name: 'read' };
const write = { name: 'write' };
const remove = (soft: boolean): object => ({ name: 'delete', properties: { soft } });
const context = { time: '2025-06-27T18:03-07:00', ip: '192.168.1.1' };
const aliceReads = { subject: user('alice'), action: read, resource: record(1) };

/** The eight decisions of the fixture, and requests that only must be accepted; null where any decision is right. */
const single: readonly [object, boolean | null][] = [
  [aliceReads, true],
  [{ subject: user('alice'), action: write, resource: record(1) }, true],
  [{ subject: user('bob'), action: read, resource: record(1) }, true],
  [{ subject: user('bob'), action: write, resource: record(1) }, false],
  [{ subject: user('alice'), action: write, resource: record(2, 'archived') }, false],
  [{ subject: user('bob', { role: 'admin' }), action: write, resource: record(2, 'archived') }, true],
  [{ subject: user('alice'), action: remove(true), resource: record(1) }, true],
  [{ subject: user('alice'), action: remove(false), resource: record(1) }, false],
  [{ ...aliceReads, context }, true],
  [{ ...aliceReads, subject: user('alice', { department: 'Sales', role: 'manager' }) }, true],
  [{ ...aliceReads, foo: 'bar', futureField: { nested: true } }, true],
  [{ ...aliceReads, resource: { type: 'spaceship', id: 'x' } }, null],
];

const batches: readonly [object, readonly boolean[]][] = [
  [{ subject: user('bob'), resource: record(1), evaluations: [{ action: read }, { action: write }] }, [true, false]],
  [
    {
      subject: user('alice'),
      action: write,
      evaluations: [{ resource: record(1, 'active') }, { resource: record(2, 'archived') }],
    },
    [true, false],
  ],
  [
    {
      action: write,
      resource: record(2, 'archived'),
      evaluations: [{ subject: user('alice') }, { subject: user('bob', { role: 'admin' }) }],
    },
    [false, true],
  ],
  [{ evaluations: [aliceReads, { subject: user('bob'), action: write, resource: record(1) }] }, [true, false]],
  [
    {
      ...aliceReads,
      action: write,
      resource: record(1, 'active'),
      evaluations: [{}, { resource: record(2, 'archived') }],
    },
    [true, false],
  ],
  [
    {
      subject: user('alice'),
      action: read,
      context,
      evaluations: [{ resource: record(1) }, { resource: record(2), context: { source: 'batch-override' } }],
    },
    [true, true],
  ],
  [{ subject: user('alice'), action: read, evaluations: [{ resource: record(1) }, {}] }, [true, false]],
  [
    {
      subject: user('alice'),
      action: write,
      resource: { type: 'record' },
      evaluations: [
        { resource: { id: 'record-1', properties: { status: 'active' } } },
        { resource: record(2, 'archived') },
      ],
    },
    [true, false],
  ],
];

const malformed: readonly [string, string, string | undefined][] = [
  ['no subject', JSON.stringify({ action: read, resource: record(1) }), undefined],
  ['no action', JSON.stringify({ subject: user('alice'), resource: record(1) }), undefined],
  ['no resource', JSON.stringify({ subject: user('alice'), action: read }), undefined],
  ['a subject without type', JSON.stringify({ ...aliceReads, subject: { id: 'alice' } }), undefined],
  ['a subject without ID', JSON.stringify({ ...aliceReads, subject: { type: 'user' } }), undefined],
  ['an action without name', JSON.stringify({ ...aliceReads, action: {} }), undefined],
  ['a resource without type', JSON.stringify({ ...aliceReads, resource: { id: 'record-1' } }), undefined],
  ['a resource without ID', JSON.stringify({ ...aliceReads, resource: { type: 'record' } }), undefined],
  ['a subject that is a text', JSON.stringify({ ...aliceReads, subject: 'alice' }), undefined],
  ['a name that is a number', JSON.stringify({ ...aliceReads, action: { name: 123 } }), undefined],
  ['a list', '[]', undefined],
  ['no JSON', '{"subject":', undefined],
  ['nothing', '', undefined],
  ['another content type', JSON.stringify(aliceReads), 'text/plain'],
  ['a form', 'subject=alice', 'application/x-www-form-urlencoded'],
];

/** The levels Basic, Batch and Discovery of the certification scenario, against a running product. */
export function certifyAuthzen(product: () => Product): void {
  let bearer: string | undefined;

  async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    bearer ??= await loadFixture(product());
    const url = `${product().adminUrl}/access/v1/${path}`;
    return send(url, { bearer, body, headers: { 'Content-Type': 'application/json', ...headers } });
  }

  it('AuthZEN Basic: every fixture request gets its decision, each time, with its request ID', async () => {
    for (const [request, expected] of [...single, ...single]) {
      const id = 'bfe9eb29-ab87/4ca3:be83 a1d5d8305716==';
      const answer = await post('evaluation', JSON.stringify(request), { 'X-Request-ID': id });
      expect([answer.status, answer.headers['content-type'], answer.headers['x-request-id']]).toEqual([
        200,
        'application/json',
        id,
      ]);
      const { decision } = JSON.parse(answer.text) as { decision: unknown };
      expect(decision, JSON.stringify(request)).toBe(expected ?? decision);
      expect(typeof decision).toBe('boolean');
    }
  });

  it('AuthZEN Basic: what is malformed is 400, and gets its request ID back', async () => {
    for (const [what, body, type] of malformed) {
      const headers = { 'X-Request-ID': 'r 1', ...(type !== undefined && { 'Content-Type': type }) };
      const answer = await post('evaluation', body, headers);
      expect([answer.status, answer.headers['x-request-id']], what).toEqual([400, 'r 1']);
    }
  });

  it('AuthZEN Batch: defaults, properties and failures of single evaluations', async () => {
    for (const [request, expected] of batches) {
      const { evaluations } = JSON.parse((await post('evaluations', JSON.stringify(request))).text) as {
        evaluations: { decision: boolean }[];
      };
      expect(
        evaluations.map(({ decision }) => decision),
        JSON.stringify(request),
      ).toEqual(expected);
    }
    for (const evaluations of [undefined, []]) {
      const { text } = await post('evaluations', JSON.stringify({ ...aliceReads, evaluations }));
      expect(JSON.parse(text)).toEqual({ decision: true });
    }
  });

  it.each([
    ['execute_all', [true, false, true]],
    ['deny_on_first_deny', [true, false]],
    ['permit_on_first_permit', [true]],
  ])('AuthZEN Batch: %s', async (semantic, expected) => {
    const evaluations = [{ action: read }, { action: write }, { action: read }];
    const options = { evaluations_semantic: semantic };
    const request = { subject: user('bob'), resource: record(1), evaluations, options };
    const answer = JSON.parse((await post('evaluations', JSON.stringify(request))).text) as {
      evaluations: { decision: boolean }[];
    };
    expect(answer.evaluations.map(({ decision }) => decision)).toEqual(expected);
  });

  it('AuthZEN Discovery: the metadata names the endpoints that there are, whatever the request says', async () => {
    const { adminUrl, issuer, mode } = product();
    const answer = await send(`${adminUrl}/.well-known/authzen-configuration`, {
      headers: { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' },
    });
    // Separate services name no URL unless ACCESS_URL does.
    if (mode !== 'host') return expect(answer.status).toBe(404);
    expect([answer.status, answer.headers['content-type'], JSON.parse(answer.text)]).toEqual([
      200,
      'application/json',
      {
        policy_decision_point: issuer,
        access_evaluation_endpoint: `${issuer}/access/v1/evaluation`,
        access_evaluations_endpoint: `${issuer}/access/v1/evaluations`,
      },
    ]);
  });
}

/** Stores the fixture, and answers a token that may ask. */
async function loadFixture(product: Product): Promise<string> {
  const bearer = await rootToken(product);
  for (const [number, policy] of policies.entries()) {
    const json = { id: `authzen-${number}`, effect: 'allow', ...policy };
    const answer = await send(`${product.adminUrl}/policies`, { bearer, json });
    expect(answer.status, answer.text).toBe(201);
  }
  return bearer;
}
