import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, send } from './http.js';
import { freePorts } from './ports.js';
import {
  makeDatabase,
  migrateSql,
  modes,
  type Product,
  type ProductDatabase,
  ROOT,
  rootToken,
  startProduct,
} from './product.js';
import { run } from './program.js';
import { startSingleOrigin } from './single-origin.js';

describe.each(modes)('S46 S50 S74 hydra-js, unmodified, against the product (%s)', (mode) => {
  let database: ProductDatabase;
  let product: Product;
  let origin: { url: string; close(): void };

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    product = await startProduct({ mode, databaseUrl: database.url });
    const [port = 0] = await freePorts(1);
    origin =
      mode === 'services' ? await startSingleOrigin(product, port) : { url: product.publicUrl, close: () => undefined };
    await send(`${product.adminUrl}/clients`, {
      bearer: await rootToken(product),
      json: {
        id: 'c2',
        client_secret: 'consumer-secret',
        redirect_uris: ['http://localhost:9010/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code', 'id_token'],
        scope: 'openid offline',
      },
    });
  }, 120_000);

  afterAll(async () => {
    origin?.close();
    await product?.stop();
    await database?.drop();
  });

  it.each(['0.1.1', '0.1.5'])(
    'version %s: authenticate, getKey, getClient, validateToken, and a consent that buys a code',
    async (version) => {
      const browser = new Browser();
      const query = new URLSearchParams({
        client_id: 'c2',
        redirect_uri: 'http://localhost:9010/callback',
        response_type: 'code',
        scope: 'openid offline',
        state: 'abcdefghij',
      });
      const started = await browser.send(`${product.publicUrl}/oauth2/auth?${query}`);
      const challenge = new URL(started.headers.location ?? '').searchParams.get('challenge') ?? '';
      const ended = await run(
        'apps/e2e/dist/hydra-js-program.js',
        [version, origin.url, challenge, await rootToken(product)],
        {
          env: {
            HYDRA_CLIENT_ID: ROOT[0],
            HYDRA_CLIENT_SECRET: ROOT[1],
            NODE_TLS_REJECT_UNAUTHORIZED: '0',
            HOME: '/nonexistent',
          },
        },
      );
      expect(ended.code, ended.stderr).toBe(0);
      const answers = JSON.parse(ended.stdout) as Record<string, object>;
      expect(answers['publicKey']).toMatchObject({ kty: 'RSA', use: 'sig' });
      expect(answers['publicKey']).not.toHaveProperty('d');
      expect(answers['privateKey']).toEqual(expect.arrayContaining(['d', 'e', 'kid', 'kty', 'n', 'p', 'q']));
      expect(answers['client']).toMatchObject({ id: 'admin', public: false });
      expect(answers['client']).not.toHaveProperty('client_secret');
      expect(answers['validated']).toMatchObject({ active: true, sub: 'admin', aud: 'admin' });
      expect(answers['challenge']).toMatchObject({ aud: 'c2', scp: ['openid', 'offline'] });

      const { redir } = answers['challenge'] as { redir: string };
      const finished = await browser.send(`${redir}&consent=${String(answers['consent'])}`);
      const callback = new URL(finished.headers.location ?? '');
      expect(callback.searchParams.get('state')).toBe('abcdefghij');
      const tokens = await send(`${product.publicUrl}/oauth2/token`, {
        form: {
          grant_type: 'authorization_code',
          code: callback.searchParams.get('code') ?? '',
          redirect_uri: 'http://localhost:9010/callback',
        },
        basic: ['c2', 'consumer-secret'],
      });
      expect(tokens.status, tokens.text).toBe(200);
    },
  );
});
