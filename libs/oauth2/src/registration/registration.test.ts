import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { OAuth2Error } from '../errors.js';
import { createMemoryRegistrationStore } from '../testing/memory-registration-store.js';
import { createMemoryWeb } from '../testing/memory-web.js';
import { basic, createTokenHarness, issuer, type TokenHarness } from '../token/token-harness.js';
import {
  deleteRegistration,
  makeInitialAccessToken,
  readRegistration,
  registerClient,
  type RegistrationTools,
  updateRegistration,
} from './registration.js';

const redirect_uris = ['https://rp.example/cb'];

type Answer = { readonly [member: string]: unknown };

let harness: TokenHarness;
let tools: RegistrationTools;
let web: ReturnType<typeof createMemoryWeb>;

beforeEach(async () => {
  harness = await createTokenHarness();
  web = createMemoryWeb();
  const registrations = createMemoryRegistrationStore({ clients: harness.clients, now: harness.now });
  tools = {
    issuer,
    access: 'initial-token',
    mayRegister: async ({ subject, scopes }) => subject === 'registrar' && scopes.includes('hydra.clients'),
    allowedScopes: ['openid', 'offline', 'profile'],
    introspection: {
      issuer,
      store: harness.store,
      statelessTokens: harness.store.statelessTokens,
      tokenText: harness.tokenText,
      accessTokenSigner: harness.accessTokenSigner,
    },
    clients: harness.clients,
    registrations,
    secrets: harness.secrets,
    openid: {
      signingAlgorithms: async () => ['RS256', 'ES256'],
      requestObjectAlgorithms: ['RS256'],
      fetch: web.fetch,
      isAllowedHost: () => false,
    },
    makeId: randomUUID,
    randomBytes,
    now: harness.now,
  };
});

const initialToken = (uses = 10) => makeInitialAccessToken({ uses, lifetimeMs: 60_000 }, tools);

async function register(metadata: object, token?: string): Promise<Answer> {
  const authorization = `Bearer ${token ?? (await initialToken())}`;
  return registerClient({ authorization, metadataJson: JSON.stringify(metadata) }, tools);
}

function managed(registered: Answer) {
  const request = { authorization: `Bearer ${String(registered['registration_access_token'])}` };
  return { ...request, clientId: String(registered['client_id']) };
}

function put(registered: Answer, metadata: object): Promise<Answer> {
  const metadataJson = JSON.stringify({ client_id: registered['client_id'], redirect_uris, ...metadata });
  return updateRegistration({ ...managed(registered), metadataJson }, tools);
}

async function refusal(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'not refused',
    (cause: unknown) =>
      cause instanceof OAuth2Error ? `${cause.status} ${cause.code} ${cause.hint ?? ''}` : String(cause),
  );
}

describe('the client registration endpoint', () => {
  it('registers a client with the defaults of RFC 7591, and a secret that authenticates it', async () => {
    const registered = await register({ redirect_uris, client_name: 'Fotos', unknown: 1 });
    expect(registered).toMatchObject({
      redirect_uris,
      client_name: 'Fotos',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: 'openid offline profile',
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      subject_type: 'public',
      id_token_signed_response_alg: 'RS256',
      client_secret_expires_at: 0,
      registration_client_uri: `${issuer}/oauth2/register/${String(registered['client_id'])}`,
    });
    expect(registered).not.toHaveProperty('unknown');
    const authorization = basic(String(registered['client_id']), String(registered['client_secret']));
    // Authenticated, and then refused for what it asks.
    expect(await refusal(harness.token({ grant_type: 'client_credentials' }, authorization))).toContain(
      'unauthorized_client',
    );
  });

  it('registers public clients and clients with keys without a secret', async () => {
    const jwk = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), kid: 'k' };
    for (const more of [
      { token_endpoint_auth_method: 'none' },
      { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
    ]) {
      const registered = await register({ redirect_uris, ...more });
      expect(registered).toMatchObject(more);
      expect(registered).not.toHaveProperty('client_secret');
    }
  });

  it('gives nobody an id, an owner or a scope of their choice', async () => {
    const metadata = {
      redirect_uris,
      client_id: 'root',
      id: 'root',
      owner: 'root',
      public: true,
      client_secret: 'mine',
    };
    const registered = await register({ ...metadata, scope: 'openid hydra.clients hydra' });
    expect(registered['client_id']).not.toBe('root');
    expect(registered['scope']).toBe('openid');
    expect(registered['client_secret']).not.toBe('mine');
    expect((await harness.clients.find(String(registered['client_id'])))?.client).toMatchObject({
      owner: '',
      public: false,
    });
  });

  it('registers where a client hears of logouts, and leaves the confirmation to the operator', async () => {
    const logout = {
      post_logout_redirect_uris: ['https://rp.example/bye'],
      backchannel_logout_uri: 'https://rp.example/logout',
      backchannel_logout_session_required: true,
      frontchannel_logout_uri: `${new URL(redirect_uris[0] ?? '').origin}/frame`,
    };
    const registered = await register({ redirect_uris, ...logout, skip_logout_consent: true });
    expect(registered).toMatchObject(logout);
    const id = String(registered['client_id']);
    const stored = (await harness.clients.find(id))?.client;
    expect(stored?.logout).not.toHaveProperty('skipLogoutConsent');
    if (stored === undefined) throw new Error('nothing was stored');
    await harness.clients.update({ ...stored, logout: { skipLogoutConsent: true } }, 'keep');
    expect(await put(registered, {})).not.toHaveProperty('backchannel_logout_uri');
    expect((await harness.clients.find(id))?.client.logout).toEqual({ skipLogoutConsent: true });
  });

  it.each([
    ['an internal host for logout tokens', { backchannel_logout_uri: 'https://127.0.0.1/' }],
    ['a frame of another origin', { frontchannel_logout_uri: 'https://evil.example/frame' }],
    ['a text for a switch', { backchannel_logout_session_required: 'true' }],
  ])('stores nothing of a client that names %s', async (_name, metadata) => {
    expect(await refusal(register({ redirect_uris, ...metadata }))).toMatch(/^400 invalid_client_metadata/);
    expect(await harness.clients.list({ after: '', limit: 0 })).toEqual([]);
  });

  it.each([
    ['no redirect_uris', { redirect_uris: [] }, 'invalid_redirect_uri'],
    ['a redirection URI of plain http', { redirect_uris: ['http://rp.example/cb'] }, 'invalid_redirect_uri'],
    [
      '101 redirection URIs',
      { redirect_uris: Array.from({ length: 101 }, (_, n) => `https://rp.example/${n}`) },
      'redirect_uris',
    ],
    ['redirect_uris as text', { redirect_uris: 'https://rp.example/cb' }, 'redirect_uris'],
    ['client_credentials', { grant_types: ['client_credentials'] }, 'grant_types'],
    ['types that do not fit', { response_types: ['id_token'] }, 'implicit'],
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }, 'client_secret_jwt'],
    ['an algorithm that no key has', { id_token_signed_response_alg: 'PS256' }, 'id_token_signed_response_alg'],
    ['unsigned userinfo', { userinfo_signed_response_alg: 'none' }, 'userinfo_signed_response_alg'],
    ['unsigned request objects', { request_object_signing_alg: 'none' }, 'request_object_signing_alg'],
    ['a request_uri on the loopback', { request_uris: ['https://127.0.0.1/r'] }, 'request_uris'],
    ['an initiate_login_uri of plain http', { initiate_login_uri: 'http://rp.example/login' }, 'initiate_login_uri'],
    ['a logo_uri with a script', { logo_uri: 'javascript:alert(1)' }, 'logo_uri'],
    ['a name with a direction mark', { client_name: 'a\u202eb' }, 'client_name'],
    ['a name of 2 KiB', { client_name: 'a'.repeat(2048) }, 'client_name'],
    ['jwks and jwks_uri', { jwks: { keys: [] }, jwks_uri: 'https://rp.example/jwks' }, 'jwks'],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'AAAA', kid: 'a' }] } }, 'jwks'],
  ])('refuses %s, and spends nothing on it', async (_name, metadata, problem) => {
    const token = await initialToken(1);
    const refused = await refusal(register({ redirect_uris, ...metadata }, token));
    expect(refused).toMatch(/^400 invalid_/);
    expect(refused).toContain(problem);
    expect(await register({ redirect_uris }, token)).toHaveProperty('client_id');
  });

  it('takes a sector_identifier_uri that lists every redirection URI, and no other', async () => {
    const sector_identifier_uri = 'https://sector.example/uris.json';
    const pairwise = { redirect_uris: [...redirect_uris, 'https://other.example/cb'], subject_type: 'pairwise' };
    const attempt = () => refusal(register({ ...pairwise, sector_identifier_uri }));
    expect(await refusal(register(pairwise))).toContain('sector_identifier_uri');
    expect(await attempt()).toContain('sector_identifier_uri');
    web.documents.set(sector_identifier_uri, JSON.stringify(redirect_uris));
    expect(await attempt()).toContain('sector_identifier_uri must list');
    web.documents.set(sector_identifier_uri, JSON.stringify(pairwise.redirect_uris));
    expect(await attempt()).toBe('not refused');
  });

  it.each([
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://localhost/x',
    'https://2130706433/x',
    'http://s.example/x',
  ])('never asks %s for a sector', async (sector_identifier_uri) => {
    expect(await refusal(register({ redirect_uris, sector_identifier_uri }))).toContain('sector_identifier_uri');
    expect(web.asked).toEqual([]);
  });

  it.each([
    ['jwks_uri', (uri: string) => ({ jwks_uri: uri, token_endpoint_auth_method: 'private_key_jwt' })],
    ['request_uris', (uri: string) => ({ request_uris: [`${uri}#digest`] })],
    ['sector_identifier_uri', (uri: string) => ({ subject_type: 'pairwise', sector_identifier_uri: uri })],
  ])('takes a local host in %s only where the operator lets it through', async (member, metadataFor) => {
    const uri = 'https://localhost:8443/document';
    web.documents.set(uri, JSON.stringify(redirect_uris));
    expect(await refusal(register({ redirect_uris, ...metadataFor(uri) }))).toContain(member);
    tools = { ...tools, openid: { ...tools.openid, isAllowedHost: (host) => host === 'localhost' } };
    expect(await register({ redirect_uris, ...metadataFor(uri) })).toHaveProperty('client_id');
  });

  it('is closed while it is off, and to whoever has no good initial access token', async () => {
    expect(await refusal(register({ redirect_uris }, 'ct_ia_forged'))).toMatch(/^401 invalid_token/);
    expect(await refusal(registerClient({ authorization: '', metadataJson: '{}' }, tools))).toMatch(/^401/);
    const token = await initialToken(1);
    await register({ redirect_uris }, token);
    expect(await refusal(register({ redirect_uris }, token))).toMatch(/^401 invalid_token/);
    const late = await initialToken();
    harness.advance(60_001);
    expect(await refusal(register({ redirect_uris }, late))).toMatch(/^401 invalid_token/);
    tools = { ...tools, access: 'off' };
    expect(await refusal(register({ redirect_uris }))).toMatch(/^403 request_forbidden/);
  });

  it('asks the policy about the subject of an access token', async () => {
    tools = { ...tools, access: 'policy' };
    const tokenOf = async (id: string, scope: string) => {
      await harness.register({ id, grantTypes: ['client_credentials'], scopes: ['hydra.clients', 'photos'] });
      const { accessToken } = await harness.token(
        { grant_type: 'client_credentials', scope },
        basic(id, 'conf-secret'),
      );
      return accessToken;
    };
    expect(await register({ redirect_uris }, await tokenOf('registrar', 'hydra.clients'))).toHaveProperty('client_id');
    expect(await refusal(register({ redirect_uris }, await tokenOf('mallory', 'hydra.clients')))).toMatch(/^403/);
    expect(await refusal(register({ redirect_uris }, await initialToken()))).toMatch(/^401/);
  });

  it('is closed to a token for another resource, which holds it, too', async () => {
    tools = { ...tools, access: 'policy' };
    const api = 'https://api.example';
    await harness.resourceServers.put({ id: 'api', uri: api, name: '', scopes: [] });
    const registration = { grantTypes: ['client_credentials'], scopes: ['hydra.clients'], tokens: { audience: [api] } };
    await harness.register({ id: 'registrar', ...registration });
    const form = { grant_type: 'client_credentials', scope: 'hydra.clients', resource: api };
    const { accessToken } = await harness.token(form, basic('registrar', 'conf-secret'));
    expect(await refusal(register({ redirect_uris }, accessToken))).toMatch(/^401/);
  });
});

describe('the client configuration endpoint', () => {
  it('answers a client its own metadata, without the secret', async () => {
    const registered = await register({ redirect_uris });
    const answer = await readRegistration(managed(registered), tools);
    expect(answer).not.toHaveProperty('client_secret');
    expect(answer).toMatchObject({ client_id: registered['client_id'], redirect_uris });
  });

  it('is closed to the tokens of others', async () => {
    const [one, other] = [await register({ redirect_uris }), await register({ redirect_uris })];
    const stranger = { ...managed(one), authorization: managed(other).authorization };
    expect(await refusal(readRegistration(stranger, tools))).toMatch(/^401/);
    expect(await refusal(deleteRegistration(stranger, tools))).toMatch(/^401/);
    expect(await refusal(readRegistration({ ...managed(one), authorization: '' }, tools))).toMatch(/^401/);
    expect(await refusal(readRegistration({ ...managed(one), clientId: 'absent' }, tools))).toMatch(/^401/);
  });

  it('replaces all metadata, keeps the secret, and exchanges the token', async () => {
    const registered = await register({ redirect_uris, client_name: 'Fotos', scope: 'openid' });
    const secret = (await harness.clients.find(String(registered['client_id'])))?.secret;
    const updated = await put(registered, { client_secret: registered['client_secret'] });
    expect(updated).not.toHaveProperty('client_name');
    expect(updated['scope']).toBe('openid offline profile');
    expect((await harness.clients.find(String(registered['client_id'])))?.secret).toEqual(secret);
    expect(await refusal(put(registered, {}))).toMatch(/^401/);
    expect(await refusal(put(updated, {}))).toBe('not refused');
  });

  it.each([
    ['another client_id', { client_id: 'root' }],
    ['a secret of its choice', { client_secret: 'chosen-secret' }],
    ['a registration token of its choice', { registration_access_token: 'x' }],
    ['the time of its registration', { client_id_issued_at: 1 }],
    ['client_credentials', { grant_types: ['client_credentials'] }],
  ])('refuses %s and changes nothing', async (_name, metadata) => {
    const registered = await register({ redirect_uris, client_name: 'Fotos' });
    expect(await refusal(put(registered, metadata))).toMatch(/^400 invalid_client_metadata/);
    expect(await readRegistration(managed(registered), tools)).toMatchObject({ client_name: 'Fotos' });
  });

  it('takes back nothing that an operator decided while the client’s sector was looked up', async () => {
    const sector_identifier_uri = 'https://rp.example/sector.json';
    web.documents.set(sector_identifier_uri, JSON.stringify(redirect_uris));
    const registered = await register({ redirect_uris });
    const id = String(registered['client_id']);
    const fetch: typeof web.fetch = async (url) => {
      const { client } = (await harness.clients.find(id)) ?? {};
      if (client === undefined) throw new Error('no client');
      await harness.clients.update({ ...client, requirePkce: true, owner: 'ops', metadata: { seen: true } }, 'keep');
      return web.fetch(url);
    };
    tools = { ...tools, openid: { ...tools.openid, fetch } };
    const updated = await put(registered, { subject_type: 'pairwise', sector_identifier_uri });
    expect((await harness.clients.find(id))?.client).toMatchObject({
      requirePkce: true,
      owner: 'ops',
      metadata: { seen: true },
      openid: { subjectType: 'pairwise' },
    });
    expect(await readRegistration(managed(updated), tools)).toMatchObject({ subject_type: 'pairwise' });
  });

  it('is not the way into a client that took the id of a removed one', async () => {
    const sector_identifier_uri = 'https://rp.example/sector.json';
    web.documents.set(sector_identifier_uri, JSON.stringify(redirect_uris));
    const registered = await register({ redirect_uris });
    const id = String(registered['client_id']);
    const stored = (await harness.clients.find(id))?.client;
    if (stored === undefined) throw new Error('no client');
    const fetch: typeof web.fetch = async (url) => {
      await harness.clients.remove(id);
      await harness.clients.insert({ ...stored, name: 'another', owner: 'ops' }, undefined);
      return web.fetch(url);
    };
    tools = { ...tools, openid: { ...tools.openid, fetch } };
    expect(await refusal(put(registered, { sector_identifier_uri, client_name: 'mine' }))).toMatch(/^401/);
    expect((await harness.clients.find(id))?.client).toMatchObject({ name: 'another', owner: 'ops' });
  });

  it('gives a client that begins to use a secret a new one', async () => {
    const registered = await register({ redirect_uris, token_endpoint_auth_method: 'none' });
    expect(await put(registered, {})).toHaveProperty('client_secret');
  });

  it('removes the client, and its token with it', async () => {
    const registered = await register({ redirect_uris });
    await deleteRegistration(managed(registered), tools);
    expect(await harness.clients.find(String(registered['client_id']))).toBeUndefined();
    expect(await refusal(readRegistration(managed(registered), tools))).toMatch(/^401/);
  });
});
