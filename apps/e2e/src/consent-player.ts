import { createPrivateKey } from 'node:crypto';
import { importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { type Answer, type Browser, send } from './http.js';
import { type Product, rootToken } from './product.js';

/** Claims of a consent response that a test wants otherwise. */
export type Decision = {
  readonly subject?: string;
  readonly scopes?: readonly string[];
  readonly accessTokenExtra?: unknown;
  readonly idTokenExtra?: unknown;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly algorithm?: 'RS256' | 'RS384' | 'RS512';
};

/** A consent challenge as a consent app reads it. */
export type Challenge = { jti: string; aud: string; exp: number; redir: string; scp: string[] | null };

/** Reads one key as a consent app does. */
async function readKey(product: Product, set: string, kid: string): Promise<JWK> {
  const answer = await send(`${product.adminUrl}/keys/${set}/${kid}`, { bearer: await rootToken(product) });
  if (answer.status !== 200) throw new Error(`cannot read ${set}/${kid}: ${answer.status} ${answer.text}`);
  const jwk = (JSON.parse(answer.text) as { keys: JWK[] }).keys[0];
  if (jwk === undefined) throw new Error(`${set}/${kid} is empty`);
  return jwk;
}

/** Verifies a challenge the way any web technology can: HTTP and a JWT library (S43). */
export async function readChallenge(product: Product, location: string): Promise<Challenge> {
  const text = new URL(location).searchParams.get('challenge') ?? '';
  const key = await importJWK(await readKey(product, 'hydra.consent.challenge', 'public'), 'RS256');
  const { payload } = await jwtVerify(text, key, { algorithms: ['RS256'] });
  return payload as unknown as Challenge;
}

/** Signs a consent response and answers the URL that the browser is sent back to. */
export async function respond(product: Product, challenge: Challenge, decision: Decision = {}): Promise<string> {
  const algorithm = decision.algorithm ?? 'RS256';
  const jwk = await readKey(product, 'hydra.consent.response', 'private');
  const claims = {
    jti: challenge.jti,
    aud: challenge.aud,
    exp: challenge.exp,
    scp: decision.scopes ?? challenge.scp ?? [],
    sub: decision.subject ?? 'user:12345:dandean',
    at_ext: decision.accessTokenExtra ?? { department: 'sales' },
    id_ext: decision.idTokenExtra ?? { name: 'Dan Dean' },
    iat: Math.floor(Date.now() / 1000),
    ...decision.claims,
  };
  const jwt = await new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .sign(createPrivateKey({ key: jwk as import('node:crypto').JsonWebKey, format: 'jwk' }));
  return `${challenge.redir}&consent=${jwt}`;
}

/** Plays a whole authorization in a browser of its own and answers where the client's callback was called. */
export async function authorize(
  product: Product,
  browser: Browser,
  authorizationUrl: string,
  decision: Decision = {},
): Promise<{ callback: URL; answer: Answer }> {
  const started = await browser.send(authorizationUrl);
  const challenge = await readChallenge(product, started.headers.location ?? '');
  const answer = await browser.send(await respond(product, challenge, decision));
  return { callback: new URL(answer.headers.location ?? 'about:blank'), answer };
}
