import { createRemoteJWKSet, customFetch, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readChallenge, respond } from './consent-player.js';
import { Browser, send } from './http.js';
import { makeDatabase, migrateSql, type Product, type ProductDatabase, rootToken, startProduct } from './product.js';

// In the suite a key is replaced every 6 seconds for 24 seconds. CASTELLAN_TEST_ROTATION=long takes ten minutes: a key a
// minute, as an operator in a hurry would have it.
const isLong = process.env['CASTELLAN_TEST_ROTATION'] === 'long';
const times = isLong
  ? { everyS: 60, maxAgeS: 10, idTokenS: 60, loadS: 600 }
  : { everyS: 6, maxAgeS: 2, idTokenS: 5, loadS: 24 };

const issuer = 'https://issuer.example';
const clientId = 'c2';
const redirectUri = 'http://localhost:9010/callback';

describe('signing keys rotated under load by two replicas, one of which is killed', () => {
  let database: ProductDatabase;
  let replicas: Product[] = [];

  function start(): Promise<Product> {
    const env = {
      JWKS_MAX_AGE: `${times.maxAgeS}s`,
      KEYS_CLOCK_SKEW: '0',
      ID_TOKEN_LIFESPAN: `${times.idTokenS}s`,
      KEYS_ROTATION: `hydra.openid.id-token=${times.everyS}s`,
      RSA_KEY_BITS: '2048',
    };
    return startProduct({ mode: 'host', databaseUrl: database.url, issuer, env });
  }

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    replicas = await Promise.all([start(), start()]);
    const [one] = replicas;
    if (one === undefined) throw new Error('unreachable');
    await send(`${one.adminUrl}/clients`, {
      bearer: await rootToken(one),
      json: {
        id: clientId,
        client_secret: 'consumer-secret',
        redirect_uris: [redirectUri],
        grant_types: ['implicit', 'authorization_code'],
        response_types: ['id_token'],
        scope: 'openid',
      },
    });
  }, 120_000);

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await database?.drop();
  });

  /** Logs in at a replica and answers the ID token; undefined when the replica is gone. */
  async function idToken(product: Product): Promise<string | undefined> {
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'id_token',
      scope: 'openid',
      state: 'abcdefghij',
      nonce: 'nonce-of-this-login',
    });
    try {
      const browser = new Browser();
      const started = await browser.send(`${product.publicUrl}/oauth2/auth?${query}`);
      const back = await respond(product, await readChallenge(product, started.headers.location ?? ''));
      const finished = await browser.send(back.replace(issuer, product.publicUrl));
      const { hash } = new URL(finished.headers.location ?? 'about:blank');
      return new URLSearchParams(hash.slice(1)).get('id_token') ?? undefined;
    } catch (cause) {
      if (replicas.includes(product)) throw cause;
      return undefined;
    }
  }

  /**
   * A verifier that knows nothing of us but the JWK Set, and fetches it again when what it has is older than max-age and
   * not a moment earlier: a key ID that it does not know does not make it look.
   */
  function createVerifier(product: Product): (token: string) => Promise<JWTPayload> {
    const jwks = createRemoteJWKSet(new URL(`${product.publicUrl}/.well-known/jwks.json`), {
      cacheMaxAge: times.maxAgeS * 1000,
      cooldownDuration: 3_600_000,
      [customFetch]: async (url: string) => {
        const { status, headers, text } = await send(url);
        expect(headers['cache-control']).toBe(`public, max-age=${times.maxAgeS}`);
        expect(text).not.toMatch(/"(d|p|q|dp|dq|qi|k|oth)":/);
        return new Response(text, { status });
      },
    });
    return async (token) => (await jwtVerify(token, jwks, { issuer, audience: clientId, clockTolerance: 1 })).payload;
  }

  it(
    'makes not one token that fails to verify, when it is new and when it is about to expire',
    async () => {
      const [stays, dies] = replicas as [Product, Product];
      const verifiers = [createVerifier(stays), createVerifier(stays)];
      const end = Date.now() + times.loadS * 1000;
      const kids = new Set<string>();
      const failures: string[] = [];
      const later: Promise<void>[] = [];
      let verified = 0;

      async function verify(token: string, verifier: (token: string) => Promise<JWTPayload>): Promise<void> {
        const { kid = '' } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
          kid?: string;
        };
        kids.add(kid);
        await verifier(token).then(
          () => (verified += 1),
          (cause: unknown) => failures.push(`${kid}: ${String(cause)}`),
        );
      }

      async function verifyLate(token: string, verifier: (token: string) => Promise<JWTPayload>): Promise<void> {
        const { exp = 0 } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
          exp?: number;
        };
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, exp * 1000 - 500 - Date.now())));
        await verify(token, verifier);
      }

      async function work(worker: number): Promise<void> {
        while (Date.now() < end) {
          const product = replicas[worker % replicas.length] ?? stays;
          const token = await idToken(product);
          const verifier = verifiers[worker % verifiers.length];
          if (token === undefined || verifier === undefined) {
            if (replicas.includes(product)) failures.push('a login made no ID token');
            continue;
          }
          await verify(token, verifier);
          later.push(verifyLate(token, verifier));
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }

      async function killOne(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, (times.loadS * 1000) / 2));
        replicas = [stays];
        await dies.stop('SIGKILL');
        replicas = [stays, await start()];
      }

      await Promise.all([work(0), work(1), work(2), killOne()]);
      await Promise.all(later);
      expect(failures).toEqual([]);
      expect(verified).toBeGreaterThan(2 * times.loadS);
      expect(kids.size).toBeGreaterThanOrEqual(Math.floor(times.loadS / times.everyS) - 1);
      const { rows } = await database.query(
        `SELECT count(*) FILTER (WHERE state = 'active')::int AS active,
           count(*) FILTER (WHERE state IN ('staged', 'published'))::int AS waiting
           FROM keys.key WHERE set_id = 'hydra.openid.id-token'`,
      );
      expect(rows[0]).toMatchObject({ active: 1 });
    },
    times.loadS * 1000 + 90_000,
  );
});
