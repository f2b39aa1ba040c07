import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createRpcChannelClient, envoyAuthV3, openRpcChannel, type RpcChannel, wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from './http.js';
import { freePorts } from './ports.js';
import {
  clientCertificate,
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';

/** A decision as the admin API lists it, and standard output tells it. */
type Recorded = {
  readonly decided_at: string;
  readonly door: string;
  readonly caller: string;
  readonly request_id: string;
  readonly subject: string;
  readonly client_id: string;
  readonly resource: string;
  readonly action: string;
  readonly context: Record<string, unknown>;
  readonly redacted: readonly string[];
  readonly allowed: boolean;
  readonly reason: string | null;
  readonly revision: number;
};

const SECRET = 'a-secret-of-the-decision-log-0123456789';
const CERTIFICATE = 'spiffe://castellan/client';
/** For calls on a busy machine. */
const deadlineMs = 30_000;

let database: ProductDatabase;
let product: Product;
let root: string;
/** A token whose subject may read, and one of a program that may ask. */
let reader: string;
let asker: string;
let certified: RpcChannel;
let bearing: RpcChannel;

beforeAll(async () => {
  database = await makeDatabase();
  await migrateSql(database.url);
  const [port = 0] = await freePorts(1);
  product = await startProduct({
    mode: 'services',
    databaseUrl: database.url,
    env: {
      WARDEN_PUBLIC_GRPC_PORT: String(port),
      WARDEN_DECISION_LOG: 'table,stdout',
      WARDEN_DECISION_LOG_CONTEXT: '*',
      WARDEN_DECISION_LOG_CONTEXT_HIDDEN: 'salary',
    },
  });
  root = await rootToken(product);
  [reader, asker] = await Promise.all([makeClient('reader', 'docs'), makeClient('asker', 'hydra.warden')]);
  const allow = { effect: 'allow' };
  await write({ ...allow, id: 'docs', subjects: ['reader'], resources: ['doc:<.*>'], actions: ['read'] });
  await write({ effect: 'deny', id: 'shut', subjects: ['<.*>'], resources: ['doc:<.*>'], actions: ['shred'] });
  await write({ ...allow, id: 'asks', subjects: ['asker'], resources: ['rn:hydra:warden:<.*>'], actions: ['decide'] });
  certified = openRpcChannel({
    target: product.wardenTarget,
    security: { kind: 'tls', ...clientCertificate(product) },
  });
  const ca = readFileSync(path.join(product.certificates, 'ca.pem'));
  bearing = openRpcChannel({ target: `localhost:${port}`, security: { kind: 'bearer', ca } });
}, 180_000);

afterAll(async () => {
  certified?.close();
  bearing?.close();
  await product?.stop();
  await database?.drop();
});

async function makeClient(id: string, scope: string): Promise<string> {
  const registration = { id, client_secret: SECRET, grant_types: ['client_credentials'], response_types: [], scope };
  expect((await send(`${product.adminUrl}/clients`, { bearer: root, json: registration })).status).toBe(201);
  const form = { grant_type: 'client_credentials', scope };
  const { text } = await send(`${product.publicUrl}/oauth2/token`, { form, basic: [id, SECRET] });
  return (JSON.parse(text) as { access_token: string }).access_token;
}

async function write(policy: object): Promise<void> {
  expect((await send(`${product.adminUrl}/policies`, { bearer: root, json: policy })).status).toBe(201);
}

/** What is asked at every door. */
type Question = { readonly resource: string; readonly action: string; readonly context: Record<string, unknown> };

const post = async (route: string, json: unknown): Promise<string> => {
  const answer = await send(`${product.adminUrl}/${route}`, { bearer: root, json });
  expect(answer.status, answer.text).toBe(200);
  return answer.text;
};
const warden = (channel: RpcChannel) => createRpcChannelClient(wardenV1.WardenService, channel);
const byName = (question: Question) => ({ subject: 'reader', ...question, anonymous: false });
const byToken = (question: Question, token = reader) => ({ token, scopes: [], ...question });
const streamed = (channel: RpcChannel, bearer?: string) => {
  const stream = channel.openMessages(wardenV1.WardenService.streamCheck, {
    idOf: ({ id }) => id,
    isGoingAway: ({ goingAway }) => goingAway,
  });
  return (question: Pick<wardenV1.StreamCheckRequest, 'check' | 'checkToken'>) =>
    stream.ask((id, left) => ({ id, deadlineMs: left, ...question }), {
      deadlineMs,
      ...(bearer === undefined ? {} : { bearer }),
    });
};
const envoy = ({ resource, action }: Question, token = reader) =>
  createRpcChannelClient(envoyAuthV3.AuthorizationService, certified).check(
    envoyAuthV3.CheckRequest.fromPartial({
      attributes: {
        source: { address: { socketAddress: { address: '10.1.2.3' } } },
        request: {
          http: {
            method: 'GET',
            host: 'docs.example',
            path: `/reset?token=${token}`,
            headers: new Map([['authorization', `Bearer ${token}`]]),
          },
        },
        contextExtensions: new Map([
          ['resource', resource],
          ['action', action],
        ]),
      },
    }),
    { deadlineMs },
  );
const authzen = ({ resource, action, context }: Question) => ({
  subject: { type: 'client', id: 'reader' },
  resource: { type: 'doc', id: resource },
  action: { name: action },
  context,
});

/** Each door: how it is asked, and by which door and whom a record says that it was; whether a token tells the subject. */
const doors: readonly {
  readonly name: string;
  readonly ask: (question: Question) => Promise<unknown>;
  readonly recorded: Pick<Recorded, 'door' | 'caller'>;
  readonly isAboutToken?: boolean;
}[] = [
  {
    name: 'Check',
    ask: (question) => warden(certified).check(byName(question), { deadlineMs }),
    recorded: { door: 'check', caller: CERTIFICATE },
  },
  {
    name: 'Check with an access token',
    ask: (question) => warden(bearing).check(byName(question), { deadlineMs, bearer: asker }),
    recorded: { door: 'check', caller: 'asker' },
  },
  {
    name: 'CheckToken',
    ask: (question) => warden(certified).checkToken(byToken(question), { deadlineMs }),
    recorded: { door: 'check_token', caller: CERTIFICATE },
    isAboutToken: true,
  },
  {
    name: 'CheckToken with an access token',
    ask: (question) => warden(bearing).checkToken(byToken(question), { deadlineMs, bearer: asker }),
    recorded: { door: 'check_token', caller: 'asker' },
    isAboutToken: true,
  },
  {
    name: 'BatchCheck',
    ask: (question) => warden(certified).batchCheck({ checks: [byName(question)] }, { deadlineMs }),
    recorded: { door: 'batch', caller: CERTIFICATE },
  },
  {
    name: 'StreamCheck',
    ask: (question) => streamed(certified)({ check: byName(question) }),
    recorded: { door: 'stream', caller: CERTIFICATE },
  },
  {
    name: 'StreamCheck of a token, with an access token',
    ask: (question) => streamed(bearing, asker)({ checkToken: byToken(question) }),
    recorded: { door: 'stream', caller: 'asker' },
    isAboutToken: true,
  },
  {
    name: 'POST /warden/allowed',
    ask: (question) => post('warden/allowed', byName(question)),
    recorded: { door: 'check', caller: 'admin' },
  },
  {
    name: 'POST /warden/token/allowed',
    ask: (question) => post('warden/token/allowed', byToken(question)),
    recorded: { door: 'check_token', caller: 'admin' },
    isAboutToken: true,
  },
  {
    name: 'POST /access/v1/evaluation',
    ask: (question) => post('access/v1/evaluation', authzen(question)),
    recorded: { door: 'check', caller: 'admin' },
  },
  {
    name: 'POST /access/v1/evaluations',
    ask: (question) => post('access/v1/evaluations', { evaluations: [authzen(question)] }),
    recorded: { door: 'batch', caller: 'admin' },
  },
  {
    name: 'ext_authz of Envoy',
    ask: (question) => envoy(question),
    recorded: { door: 'envoy', caller: CERTIFICATE },
    isAboutToken: true,
  },
];

/** The records about a resource, once there are so many. */
async function recordsOf(resource: string, count: number): Promise<Recorded[]> {
  const list = async (): Promise<Recorded[]> => {
    const query = new URLSearchParams({ resource, limit: '1000' });
    const { text } = await send(`${product.adminUrl}/warden/decisions?${query}`, { bearer: root });
    return (JSON.parse(text) as { decisions: Recorded[] }).decisions;
  };
  await expect.poll(async () => (await list()).length).toBe(count);
  return list();
}

/** The records on standard output; the last one may have come in part. */
function printed(): Recorded[] {
  return product
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{"log":"decision"'))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Recorded];
      } catch {
        return [];
      }
    });
}

describe('the decision log of the product', () => {
  it.each(doors)('holds what was decided at $name, in the table and on standard output', async (door) => {
    const { name, ask, recorded, isAboutToken = false } = door;
    const resource = `doc:${name}`;
    const revision = (await warden(certified).check(byName({ resource: 'doc:0', action: 'read', context: {} })))
      .revision;
    for (const action of ['read', 'write', 'shred']) {
      await ask({ resource, action, context: { ip: '10.1.2.3', salary: 4711 } });
    }
    const records = await recordsOf(resource, 3);
    const about = { ...recorded, resource, subject: 'reader', client_id: isAboutToken ? 'reader' : '', revision };
    const expected = [
      { ...about, action: 'read', allowed: true, reason: null },
      { ...about, action: 'shred', allowed: false, reason: 'explicit' },
      { ...about, action: 'write', allowed: false, reason: 'default' },
    ];
    expect(records.toSorted((a, b) => (a.action < b.action ? -1 : 1))).toMatchObject(expected);
    for (const { context, redacted, decided_at: at, request_id: id } of records) {
      expect([context['ip'], redacted]).toEqual(['10.1.2.3', door.recorded.door === 'envoy' ? [] : ['salary']]);
      expect(context).not.toHaveProperty('salary');
      expect(Date.parse(at)).toBeGreaterThan(0);
      expect(id).not.toBe('');
    }
    const lines = (): Recorded[] => printed().filter((line) => line.resource === resource);
    await expect.poll(() => lines().length).toBe(3);
    // A line has the same members, and an empty text where an allowance has no reason.
    const asListed = lines().map(({ reason, ...line }) => ({ ...line, reason: reason === '' ? null : reason }));
    const key = ({ action }: { action: string }): string => action;
    expect(asListed.toSorted((a, b) => key(a).localeCompare(key(b)))).toMatchObject(
      records.toSorted((a, b) => key(a).localeCompare(key(b))),
    );
  });

  it.each(doors.filter(({ isAboutToken }) => isAboutToken))('holds what a token decided at $name', async ({ name }) => {
    const gone = `${reader.slice(0, -1)}`;
    const resource = `doc:gone:${name}`;
    const question = { resource, action: 'read', context: {} };
    const asks: Readonly<Record<string, () => Promise<unknown>>> = {
      CheckToken: () => warden(certified).checkToken(byToken(question, gone), { deadlineMs }),
      'CheckToken with an access token': () =>
        warden(bearing).checkToken(byToken(question, gone), { deadlineMs, bearer: asker }),
      'StreamCheck of a token, with an access token': () =>
        streamed(bearing, asker)({ checkToken: byToken(question, gone) }),
      'POST /warden/token/allowed': () => post('warden/token/allowed', byToken(question, gone)),
      'ext_authz of Envoy': () => envoy(question, gone),
    };
    await asks[name]?.();
    expect(await recordsOf(resource, 1)).toMatchObject([
      { subject: '', client_id: '', allowed: false, reason: 'token_inactive', revision: 0 },
    ]);
  });

  it('tells by the request ID who asked over HTTP', async () => {
    const headers = { 'x-request-id': 'asked-over-http' };
    const question = byName({ resource: 'doc:http', action: 'read', context: {} });
    await send(`${product.adminUrl}/warden/allowed`, { bearer: root, json: question, headers });
    const [decided] = await recordsOf('doc:http', 1);
    const asked = await database.query(
      "SELECT subject, resource, action, allowed FROM warden.decision WHERE request_id = $1 AND door = 'check_token'",
      [decided?.request_id],
    );
    expect(decided?.request_id).toBe('asked-over-http');
    expect(asked.rows).toEqual([
      { subject: 'admin', resource: 'rn:hydra:warden:allowed', action: 'decide', allowed: true },
    ]);
  });

  it('holds nothing of a question that nobody was let ask, or that was malformed', async () => {
    const question = { resource: 'doc:refused', action: 'read', context: {} };
    const refused = warden(bearing).check(byName(question), { deadlineMs, bearer: reader });
    await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const malformed = warden(certified).check({ ...byName(question), subject: '' }, { deadlineMs });
    await expect(malformed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    // Whatever came after them is written after them.
    await warden(certified).check(byName({ ...question, resource: 'doc:after' }), { deadlineMs });
    await recordsOf('doc:after', 1);
    await recordsOf('doc:refused', 0);
  });

  it('holds no token and no secret, wherever somebody puts one', async () => {
    const context = {
      header: `Bearer ${reader}`,
      deep: { list: [{ text: `see ${reader}` }], [asker]: 'a name' },
      [asker]: 'a name',
      password: SECRET,
      nested: { client_secret: SECRET, apiKey: SECRET },
    };
    const question = { resource: `doc:${reader}`, action: `read ${asker}`, context };
    for (const { ask } of doors) await ask(question);
    await warden(certified).check({ ...byName(question), subject: reader }, { deadlineMs, requestId: asker });
    const ended = { resource: 'doc:end', action: 'read', context: {} };
    await warden(certified).check(byName(ended), { deadlineMs });
    await recordsOf('doc:end', 1);
    await expect.poll(() => printed().some(({ resource }) => resource === 'doc:end')).toBe(true);

    const { rows } = await database.query('SELECT decision::text AS text FROM warden.decision AS decision');
    const everything = `${rows.map(({ text }: { text: string }) => text).join('\n')}\n${product.log()}`;
    expect(everything).toContain('doc:[redacted]');
    for (const secret of [root, reader, asker, SECRET]) {
      expect(everything.includes(secret)).toBe(false);
      // Nor the part that proves it.
      expect(everything.includes(secret.split('.').at(-1) ?? secret)).toBe(false);
    }
  });
});
