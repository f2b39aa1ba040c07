import { parse } from 'node:querystring';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize } from './consent-player.js';
import { Browser, send } from './http.js';
import { CLI, makeDatabase, migrateSql, type Product, type ProductDatabase, ROOT, startProduct } from './product.js';
import { type Ended, run, start } from './program.js';

// ESC and the 8-bit CSI; names with control characters are refused by the server.
const metadata = { note: '\u001b[31m\u009b31mshop' };

let database: ProductDatabase;
let product: Product;
let environment: Record<string, string>;

beforeAll(async () => {
  database = await makeDatabase();
  await migrateSql(database.url);
  product = await startProduct({ mode: 'host', databaseUrl: database.url });
  environment = {
    ...{ HOME: '/nonexistent', CLUSTER_URL: product.publicUrl, ADMIN_URL: product.adminUrl, BROWSER: 'none' },
    ...{ CLIENT_ID: ROOT[0], CLIENT_SECRET: ROOT[1] },
  };
}, 180_000);
afterAll(async () => {
  await product?.stop();
  await database?.drop();
});

function castellan(args: readonly string[], stdin?: string): Promise<Ended> {
  const options = { env: environment, timeoutMs: 90_000, ...(stdin !== undefined ? { stdin } : {}) };
  return run(CLI, [...args, '--skip-tls-verify'], options);
}

/** The JSON value that a command prints. */
async function value(args: readonly string[], stdin?: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await castellan([...args, '--format', 'json'], stdin);
  expect([code, stderr.includes('"error"')], stderr).toEqual([0, false]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('the command line and the product', { timeout: 180_000 }, () => {
  it('create a client with its members, change some and keep the others', async () => {
    const created = await value(
      [
        ...['clients', 'create', '--id', 'shop', '--name', 'The shop', '--grant-type', 'client_credentials'],
        ...[
          '--scope',
          'photos',
          '--audience',
          'urn:api',
          '--metadata',
          JSON.stringify(metadata),
          '--skip-consent',
          '--owner',
          'web',
        ],
        ...['--client-credentials-grant-access-token-lifespan', '5m', '--access-token-strategy', 'jwt'],
        ...['--contact', 'a@shop.example', '--logo-uri', 'https://shop.example/logo.png', '--secret-stdin'],
      ],
      'a-secret-from-a-pipe\n',
    );
    expect(created).toMatchObject({
      client_id: 'shop',
      client_secret: 'a-secret-from-a-pipe',
      metadata,
      skip_consent: true,
      access_token_strategy: 'jwt',
      client_credentials_grant_access_token_lifespan: '5m0s',
    });
    const change = ['--skip-consent=false', '--logo-uri', '', '--client-credentials-grant-access-token-lifespan', ''];
    const updated = await value(['clients', 'update', 'shop', '--tos-uri', 'https://shop.example/tos', ...change]);
    expect(updated).toMatchObject({
      ...{ owner: 'web', audience: ['urn:api'], contacts: ['a@shop.example'], metadata },
      ...{ tos_uri: 'https://shop.example/tos', skip_consent: false, logo_uri: '' },
      client_credentials_grant_access_token_lifespan: null,
    });
  });

  it('show nothing stored that would steer the terminal, in any form', async () => {
    const commands = ['json', 'yaml', 'table'].map((format) => ['clients', 'get', 'shop', '--format', format]);
    for (const args of [...commands, ['clients', 'get', 'shop'], ['clients', 'list'], ['get', 'client', 'shop']]) {
      const { code, stdout } = await castellan(args);
      expect([code, /[\u001b\u009b]/.test(stdout), stdout.includes('31mshop')]).toEqual([0, false, true]);
    }
  });

  it('let one of several changes at a time win, and tell the others', async () => {
    const names = ['one', 'two', 'three'];
    const outcomes = await Promise.all(
      names.map((name) => castellan(['clients', 'update', 'shop', '--client-uri', `https://${name}.example/`])),
    );
    const stored = outcomes.filter(({ code }) => code === 0);
    expect(stored.length).toBeGreaterThan(0);
    for (const { code, stderr } of outcomes) {
      if (code !== 0) expect(stderr).toContain('was changed by somebody else');
    }
    const { client_uri } = await value(['clients', 'get', 'shop']);
    const winners = names.filter((_name, index) => outcomes[index]?.code === 0);
    expect(winners.map((name) => `https://${name}.example/`)).toContain(client_uri);
  });

  it('list clients page by page', async () => {
    const first = await value(['list', 'clients', '--page-size', '1']);
    expect(first).toMatchObject({ items: [{}], is_last_page: false });
    const second = await value([
      'list',
      'clients',
      '--page-size',
      '1',
      '--page-token',
      String(first['next_page_token']),
    ]);
    expect(second['items']).not.toEqual(first['items']);
    const all = (await value(['clients', 'list'])) as unknown as { client_id: string }[];
    expect(all.map(({ client_id }) => client_id)).toEqual(expect.arrayContaining(['admin', 'shop']));
  });

  it('rotate a secret, end the old one, and fail as JSON for what is not there', async () => {
    const rotated = await value(['clients', 'rotate-secret', 'shop', '--overlap', '1h']);
    const works = async (secret: string): Promise<boolean> => {
      const form = { grant_type: 'client_credentials' };
      return (await send(`${product.publicUrl}/oauth2/token`, { form, basic: ['shop', secret] })).status === 200;
    };
    const secrets = ['a-secret-from-a-pipe', String(rotated['client_secret'])];
    expect(await Promise.all(secrets.map(works))).toEqual([true, true]);
    await value(['clients', 'end-old-secret', 'shop']);
    expect(await Promise.all(secrets.map(works))).toEqual([false, true]);
    const missing = await castellan(['clients', 'get', 'nobody', '--format', 'json']);
    const failure = JSON.parse(missing.stderr.trimEnd().split('\n').at(-1) ?? '') as { error: object };
    expect([missing.code, failure.error]).toEqual([1, expect.objectContaining({ status: 404, exit_code: 1 })]);
  });

  it('perform client credentials, introspect and revoke', async () => {
    const { access_token } = await value(['perform', 'client-credentials', '--scope', 'hydra']);
    const token = `${String(access_token)}\n`;
    expect(await value(['introspect', 'token', '-'], token)).toMatchObject({ active: true, client_id: 'admin' });
    expect((await castellan(['revoke', 'token', '-'], token)).stdout).toBe('Token revoked.\n');
    expect(await value(['introspect', 'token', '-'], token)).toMatchObject({ active: false });
  });

  it('perform the authorization code grant with a browser', async () => {
    const redirect = ['--redirect-uri', 'http://127.0.0.1/callback', '--application-type', 'native'];
    const grants = [
      '--grant-type',
      'authorization_code,refresh_token',
      '--response-type',
      'code',
      '--scope',
      'openid,offline',
    ];
    const method = ['--token-endpoint-auth-method', 'none'];
    await value(['create', 'client', '--id', 'app', ...redirect, ...grants, ...method]);
    const perform = ['perform', 'authorization-code', '--client-id', 'app', '--skip-tls-verify', '--format', 'json'];
    const performing = start(CLI, perform, environment);
    const [, shown = ''] = await performing.until(/navigate to: (https[^"]+)"/);
    const url = JSON.parse(`"${shown}"`) as string;
    expect(parse(new URL(url).search.slice(1))).toMatchObject({ client_id: 'app', code_challenge_method: 'S256' });
    const { callback } = await authorize(product, new Browser(), url, { subject: 'dandean' });
    expect(callback.searchParams.get('iss')).toBe(product.issuer);
    expect((await send(callback.href)).status).toBe(200);
    expect(await performing.ended).toBe(0);
    const printed = performing.output();
    const tokens = JSON.parse(printed.slice(printed.indexOf('{\n'))) as Record<string, unknown>;
    expect(Object.keys(tokens)).toEqual(expect.arrayContaining(['access_token', 'refresh_token', 'id_token']));
    const introspected = await value(['introspect', 'token', '-'], `${String(tokens['access_token'])}\n`);
    expect(introspected).toMatchObject({ active: true, sub: 'dandean' });
  });
});
