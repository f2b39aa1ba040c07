import { Agent } from 'node:https';
import { Configuration, JwkApi, MetadataApi, OAuth2Api, type OAuth2Client } from '@ory/hydra-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from './http.js';
import { makeDatabase, migrateSql, modes, type Product, type ProductDatabase, ROOT, startProduct } from './product.js';

/** The status and body that the SDK threw. */
async function refusal(call: Promise<unknown>): Promise<{ status: number; data: Record<string, unknown> }> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  const response: unknown = Reflect.get(Object(thrown), 'response');
  return { status: Number(Reflect.get(Object(response), 'status')), data: Reflect.get(Object(response), 'data') };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing there');
  return value;
}

describe.each(modes)('the SDK of Hydra 26, unmodified, against the product in mode %s', (mode) => {
  let database: ProductDatabase;
  let product: Product;
  let configuration: Configuration;
  let oauth2: OAuth2Api;

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({ mode, databaseUrl: database.url });
    const accessToken = String((await clientToken(ROOT, 'hydra'))['access_token']);
    configuration = configurationOf(accessToken);
    oauth2 = new OAuth2Api(configuration);
  }, 180_000);
  afterAll(async () => {
    await product?.stop();
    await database?.drop();
  });

  /** The SDK sends its `accessToken` with calls that Hydra guards; the administrative ones get it as a header. */
  function configurationOf(accessToken: string): Configuration {
    return new Configuration({
      basePath: product.adminUrl,
      accessToken,
      baseOptions: {
        headers: { Authorization: `Bearer ${accessToken}` },
        httpsAgent: new Agent({ rejectUnauthorized: false }),
      },
    });
  }

  async function clientToken(basic: readonly [string, string], scope: string): Promise<Record<string, unknown>> {
    const form = { grant_type: 'client_credentials', scope };
    const { status, text } = await send(`${product.publicUrl}/oauth2/token`, { form, basic });
    return { status, ...(JSON.parse(text) as object) };
  }

  it('creates, reads, replaces, patches and deletes a client', async () => {
    const wanted: OAuth2Client = {
      client_id: 'sdk-client',
      client_name: 'By the SDK',
      grant_types: ['client_credentials'],
      scope: 'photos offline',
      redirect_uris: ['https://rp.example/cb'],
      audience: ['https://api.example/'],
      metadata: { tier: 'gold' },
      skip_consent: true,
      backchannel_logout_uri: 'https://rp.example/logout',
      client_credentials_grant_access_token_lifespan: '10m',
    };
    const created = await oauth2.createOAuth2Client({ oAuth2Client: wanted });
    expect([created.status, created.headers['location']]).toEqual([201, '/admin/clients/sdk-client']);
    const lifespan = { client_credentials_grant_access_token_lifespan: '10m0s' };
    expect(created.data).toMatchObject({ ...wanted, ...lifespan });
    const secret = created.data.client_secret ?? '';
    expect(await clientToken(['sdk-client', secret], 'photos')).toMatchObject({ status: 200, expires_in: 600 });
    expect((await refusal(oauth2.createOAuth2Client({ oAuth2Client: wanted }))).status).toBe(409);

    const { data: read } = await oauth2.getOAuth2Client({ id: 'sdk-client' });
    expect(read).not.toHaveProperty('client_secret');
    expect(Date.parse(read.created_at ?? '')).toBeGreaterThan(Date.now() - 600_000);
    const put = await oauth2.setOAuth2Client({ id: 'sdk-client', oAuth2Client: { ...read, client_name: 'Replaced' } });
    expect(put.data).toEqual({ ...read, client_name: 'Replaced', updated_at: expect.any(String) });

    const patched = await oauth2.patchOAuth2Client({
      id: 'sdk-client',
      jsonPatch: [
        { op: 'replace', path: '/client_name', value: 'Patched' },
        { op: 'add', path: '/metadata/region', value: 'eu' },
      ],
    });
    expect(patched.data).toMatchObject({ client_name: 'Patched', metadata: { tier: 'gold', region: 'eu' } });
    expect(patched.data.scope).toBe('photos offline');
    expect(await clientToken(['sdk-client', secret], 'photos')).toMatchObject({ status: 200 });
    const wrong = await refusal(
      oauth2.patchOAuth2Client({ id: 'sdk-client', jsonPatch: [{ op: 'remove', path: '/nowhere' }] }),
    );
    expect([wrong.status, wrong.data]).toMatchObject([400, { error: 'invalid_request', status_code: 400 }]);

    const lifespans = await oauth2.setOAuth2ClientLifespans({
      id: 'sdk-client',
      oAuth2ClientTokenLifespans: { client_credentials_grant_access_token_lifespan: '2m' },
    });
    expect(lifespans.data.client_credentials_grant_access_token_lifespan).toBe('2m0s');
    expect(await clientToken(['sdk-client', secret], 'photos')).toMatchObject({ expires_in: 120 });

    expect((await oauth2.deleteOAuth2Client({ id: 'sdk-client' })).status).toBe(204);
    const gone = await refusal(oauth2.getOAuth2Client({ id: 'sdk-client' }));
    expect([gone.status, gone.data['error']]).toEqual([404, 'not_found']);
  });

  it('walks all clients page by page, and those of an owner', async () => {
    for (let index = 0; index < 5; index += 1) {
      await oauth2.createOAuth2Client({
        oAuth2Client: { client_id: `page-${index}`, owner: index < 3 ? 'alice' : 'bob' },
      });
    }
    async function walk(owner?: string): Promise<(string | undefined)[]> {
      const found: (string | undefined)[] = [];
      for (let token: string | undefined = ''; token !== undefined;) {
        const page = await oauth2.listOAuth2Clients({
          pageSize: 2,
          ...(token !== '' ? { pageToken: token } : {}),
          ...(owner !== undefined ? { owner } : {}),
        });
        found.push(...page.data.map((client) => client.client_id));
        const next = /<([^>]+)>; rel="next"/.exec(String(page.headers['link']))?.[1];
        token =
          next === undefined ? undefined : (new URL(next, 'https://x').searchParams.get('page_token') ?? undefined);
      }
      return found;
    }
    expect(await walk('alice')).toEqual(['page-0', 'page-1', 'page-2']);
    expect(await walk()).toEqual(expect.arrayContaining(['admin', 'page-0', 'page-4']));
    const forged = await refusal(oauth2.listOAuth2Clients({ pageSize: 2, pageToken: 'forged' }));
    expect([forged.status, forged.data['error']]).toEqual([400, 'invalid_request']);
  });

  it('rotates a secret: both work until the old one is ended', async () => {
    const { data } = await oauth2.createOAuth2Client({
      oAuth2Client: { client_id: 'rotor', grant_types: ['client_credentials'] },
    });
    const old: [string, string] = ['rotor', data.client_secret ?? ''];
    const bearer = String(configuration.baseOptions.headers.Authorization).replace('Bearer ', '');
    const url = `${product.adminUrl}/admin/clients/rotor/secrets/rotate`;
    const rotated = await send(url, { method: 'POST', bearer });
    const next: [string, string] = ['rotor', String((JSON.parse(rotated.text) as OAuth2Client).client_secret)];
    for (const each of [old, next]) expect(await clientToken(each, '')).toMatchObject({ status: 200 });
    expect((await send(url, { method: 'DELETE', bearer })).status).toBe(200);
    expect([(await clientToken(old, ''))['status'], (await clientToken(next, ''))['status']]).toEqual([401, 200]);
  });

  it('introspects a token and ends all of a client', async () => {
    const { data } = await oauth2.createOAuth2Client({
      oAuth2Client: { client_id: 'taker', grant_types: ['client_credentials'], scope: 'photos' },
    });
    const { access_token: token } = await clientToken(['taker', data.client_secret ?? ''], 'photos');
    const active = await oauth2.introspectOAuth2Token({ token: String(token), scope: 'photos' });
    expect([active.status, active.data]).toMatchObject([
      200,
      { active: true, client_id: 'taker', sub: 'taker', scope: 'photos', aud: ['taker'], token_use: 'access_token' },
    ]);
    expect((await oauth2.introspectOAuth2Token({ token: String(token), scope: 'other' })).data).toEqual({
      active: false,
    });
    expect((await oauth2.introspectOAuth2Token({ token: 'garbage' })).data).toEqual({ active: false });
    expect((await oauth2.deleteOAuth2Token({ clientId: 'taker' })).status).toBe(204);
    expect((await oauth2.introspectOAuth2Token({ token: String(token) })).data).toEqual({ active: false });
  });

  it('makes, reads, replaces and deletes keys, and never gets a private key of the product', async () => {
    const jwk = new JwkApi(configuration);
    const made = await jwk.createJsonWebKeySet({
      set: 'sdk-set',
      createJsonWebKeySet: { alg: 'ES256', kid: 'mine', use: 'sig' },
    });
    expect([made.status, made.data.keys]).toMatchObject([201, [{ kid: 'mine', alg: 'ES256', d: expect.any(String) }]]);
    const [key] = (await jwk.getJsonWebKey({ set: 'sdk-set', kid: 'mine' })).data.keys ?? [];
    expect(key).toMatchObject({ kid: 'mine', kty: 'EC' });
    expect((await jwk.setJsonWebKey({ set: 'sdk-set', kid: 'mine', jsonWebKey: present(key) })).data).toMatchObject({
      kid: 'mine',
    });
    expect((await jwk.setJsonWebKeySet({ set: 'sdk-set', jsonWebKeySet: { keys: [present(key)] } })).status).toBe(200);
    expect((await jwk.getJsonWebKeySet({ set: 'sdk-set' })).data.keys).toHaveLength(1);
    expect((await jwk.deleteJsonWebKey({ set: 'sdk-set', kid: 'mine' })).status).toBe(204);
    expect((await refusal(jwk.getJsonWebKeySet({ set: 'sdk-set' }))).status).toBe(404);
    await jwk.createJsonWebKeySet({
      set: 'sdk-set',
      createJsonWebKeySet: { alg: 'HS256', kid: 'other', use: 'sig' },
    });
    expect((await jwk.deleteJsonWebKeySet({ set: 'sdk-set' })).status).toBe(204);
    const own = await jwk.getJsonWebKeySet({ set: 'hydra.openid.id-token' });
    for (const each of own.data.keys ?? []) expect(each).not.toHaveProperty('d');
    expect((await refusal(jwk.getJsonWebKey({ set: 'hydra.openid.id-token', kid: 'private' }))).status).toBe(403);
  });

  it('tells health and version on both doors', async () => {
    for (const basePath of [product.adminUrl, product.publicUrl]) {
      const metadata = new MetadataApi(new Configuration({ ...configuration, basePath }));
      expect((await metadata.isAlive()).data).toEqual({ status: 'ok' });
      expect((await metadata.isReady()).data).toEqual({ status: 'ok' });
      expect((await metadata.getVersion()).data).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    }
  });

  it('is refused without a token, without the scope, and without a policy', async () => {
    const none = new OAuth2Api(
      new Configuration({
        basePath: product.adminUrl,
        baseOptions: { httpsAgent: new Agent({ rejectUnauthorized: false }) },
      }),
    );
    expect(await refusal(none.listOAuth2Clients())).toMatchObject({ status: 401, data: { status_code: 401 } });
    await oauth2.createOAuth2Client({
      oAuth2Client: {
        client_id: 'weak',
        grant_types: ['client_credentials'],
        scope: 'hydra',
        client_secret: 'weak-secret',
      },
    });
    for (const scope of ['', 'hydra']) {
      const { access_token: token } = await clientToken(['weak', 'weak-secret'], scope);
      const weak = new OAuth2Api(configurationOf(String(token)));
      expect((await refusal(weak.listOAuth2Clients())).status).toBe(403);
      expect((await refusal(weak.introspectOAuth2Token({ token: String(token) }))).status).toBe(403);
    }
  });
});
