import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from '../client.js';
import type { JsonObject } from '../grant.js';
import { OutboundError } from '../outbound.js';
import { createSubjectIdentifier } from '../subject-identifier.js';
import { createMemoryClientStore, type MemoryClientStore } from '../testing/memory-client-store.js';
import { sampleClient } from '../testing/sample-client.js';
import { type BackchannelTools, deliverBackchannelLogout } from './backchannel-delivery.js';

const uri = 'https://rp.example/logout';
const now = Date.UTC(2026, 0, 1);

type Posted = { readonly url: string; readonly claims: JsonObject; readonly algorithm: string | undefined };

let clients: MemoryClientStore;
let posted: Posted[];
let status: number;
let tools: BackchannelTools;

beforeEach(() => {
  clients = createMemoryClientStore();
  posted = [];
  status = 200;
  let calls = 0;
  tools = {
    issuer: 'https://op.example',
    clients,
    subjectIdentifier: createSubjectIdentifier(Buffer.alloc(32)),
    signLogoutToken: async (claims, algorithm) => JSON.stringify({ claims, algorithm }),
    now: () => now,
    randomBytes: (size) =>
      createHash('sha256')
        .update(String((calls += 1)))
        .digest()
        .subarray(0, size),
    async post(url, form) {
      const token = new URLSearchParams(form).get('logout_token') ?? '';
      posted.push({ url, ...(JSON.parse(token) as Omit<Posted, 'url'>) });
      if (status === 0) throw new OutboundError();
      return { status };
    },
  };
});

async function register(changes: Partial<Client> = {}): Promise<string> {
  await clients.insert(sampleClient({ logout: { backchannelLogoutUri: uri }, ...changes }), undefined);
  return (await clients.find('conf'))?.uid ?? '';
}

const deliver = (clientUid: string, more: object = {}) =>
  deliverBackchannelLogout({ target: 'conf', payload: { client_uid: clientUid, subject: 'alice', ...more } }, tools);

describe('a back-channel logout', () => {
  it('LO-06: brings a logout token as the standard has it: an event, who and which session, no nonce', async () => {
    expect(await deliver(await register(), { sid: 's1' })).toEqual({ kind: 'delivered' });
    expect(posted).toEqual([
      {
        url: uri,
        claims: {
          iss: 'https://op.example',
          aud: 'conf',
          iat: now / 1000,
          exp: now / 1000 + 120,
          jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/) as string,
          events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
          sub: 'alice',
          sid: 's1',
        },
      },
    ]);
  });

  it('names no session where all of them ended', async () => {
    await deliver(await register());
    expect(posted[0]?.claims).not.toHaveProperty('sid');
  });

  it('LO-06: has a token of its own at each attempt', async () => {
    const uid = await register();
    await deliver(uid);
    await deliver(uid);
    expect(posted[0]?.claims['jti']).not.toBe(posted[1]?.claims['jti']);
  });

  it('is signed as the client registered for ID tokens, and names the subject as the client knows it', async () => {
    await deliver(await register({ openid: { idTokenSignedResponseAlg: 'ES256', subjectType: 'pairwise' } }));
    expect(posted[0]?.algorithm).toBe('ES256');
    expect(posted[0]?.claims['sub']).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('names the subject by the identifier that the login app chose for the client', async () => {
    await deliver(await register({ openid: { subjectType: 'pairwise' } }), { sid: 's1', sub: 'chosen' });
    expect(posted[0]?.claims).toMatchObject({ sub: 'chosen', sid: 's1' });
  });

  it.each([
    [204, 'delivered'],
    [201, 'failed'],
    [302, 'failed'],
    [400, 'failed'],
    [500, 'failed'],
    [0, 'failed'],
  ])('takes the answer %i for %s', async (answered, kind) => {
    status = answered;
    const outcome = await deliver(await register());
    expect(outcome.kind).toBe(kind);
    expect(JSON.stringify(outcome)).not.toContain('rp.example');
  });

  it('reaches no client that is gone, was registered anew, or wants to hear of none', async () => {
    const uid = await register();
    await clients.remove('conf');
    expect(await deliver(uid)).toEqual({ kind: 'obsolete' });
    await register();
    expect(await deliver(uid)).toEqual({ kind: 'obsolete' });
    await clients.update(sampleClient(), 'keep');
    expect(await deliver((await clients.find('conf'))?.uid ?? '')).toEqual({ kind: 'obsolete' });
    expect(posted).toEqual([]);
  });

  it('does not take a fault of ours for an answer', async () => {
    tools = { ...tools, signLogoutToken: () => Promise.reject(new Error('the key manager is away')) };
    await expect(deliver(await register())).rejects.toThrow('away');
  });
});
