import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import type { Issuance } from './issuance-guard.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';

const authorization = basic('conf', 'conf-secret');
const api = 'https://api.example/';

let harness: TokenHarness;
let owner: StoredClient;
let asked: Issuance[];
let denied: Set<string>;
let revision: number;

beforeEach(async () => {
  asked = [];
  denied = new Set();
  revision = 7;
  harness = await createTokenHarness({
    issuanceGuard: async (issuance) => {
      asked.push(issuance);
      const isDenied = (name: string) => denied.has(name);
      const decision = { id: `decision-${asked.length}`, revision };
      return {
        deniedScopes: issuance.scopes.filter(isDenied),
        deniedAudience: issuance.audience.filter(isDenied),
        decision,
      };
    },
  });
  owner = await harness.register();
  await harness.makeResources(owner, api);
});

const ask = (form: Record<string, string>) =>
  harness.token({ grant_type: 'client_credentials', ...form }, authorization);

describe('guarded issuance', () => {
  it('asks about each scope and audience, with client, subject, grant and address', async () => {
    await ask({ scope: 'photos openid', resource: api });
    expect(asked).toEqual([
      {
        clientId: 'conf',
        subject: 'conf',
        grant: 'client_credentials',
        scopes: ['photos', 'openid'],
        audience: [api],
        remoteAddress: '192.0.2.7',
      },
    ]);
  });

  it('refuses what a policy does not allow, and stores nothing', async () => {
    const before = harness.store.dump();
    denied.add('photos');
    expect(await refusalOf(ask({ scope: 'photos openid' }))).toMatchObject({ error: 'invalid_scope' });
    denied.add(api);
    expect(await refusalOf(ask({ resource: api }))).toMatchObject({ error: 'invalid_target' });
    expect(harness.store.dump()).toBe(before);
  });

  it('shows decision and revision in the introspection of the token', async () => {
    const { accessToken } = await ask({ scope: 'photos' });
    expect((await harness.introspect(accessToken)).introspection).toMatchObject({
      decision: { id: 'decision-1', revision: 7 },
    });
  });

  it('asks again at each refresh, by the policies of that moment', async () => {
    const form = { grant_type: 'authorization_code', code: harness.makeCode(owner), redirect_uri: callback };
    const first = await harness.token(form, authorization);
    const refresh = (token = '') => harness.token({ grant_type: 'refresh_token', refresh_token: token }, authorization);
    revision = 8;
    const second = await refresh(first.refreshToken);
    expect((await harness.introspect(second.accessToken)).introspection).toMatchObject({ decision: { revision: 8 } });
    expect(asked.map(({ grant, subject }) => [grant, subject])).toEqual([
      ['authorization_code', 'alice'],
      ['refresh_token', 'alice'],
    ]);
    denied.add('photos');
    expect(await refusalOf(refresh(second.refreshToken))).toMatchObject({ error: 'invalid_scope' });
    denied.clear();
    expect(await refresh(second.refreshToken)).toBeDefined();
  });

  it('has nothing to ask about a token without scope and audience', async () => {
    await ask({});
    expect(asked).toEqual([]);
  });

  it('issues nothing while the Warden is away', async () => {
    const broken = await createTokenHarness({ issuanceGuard: () => Promise.reject(new Error('away')) });
    await broken.register();
    const form = { grant_type: 'client_credentials', scope: 'photos' };
    await expect(broken.token(form, authorization)).rejects.toThrow('away');
  });
});
