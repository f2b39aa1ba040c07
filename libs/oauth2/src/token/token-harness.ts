import { createHash, randomBytes } from 'node:crypto';
import type { Client } from '../client.js';
import { createClientAuthentication } from '../client-authentication.js';
import { type AssertionAudience, createClientAssertions } from '../client-assertion.js';
import { createClientCache } from '../client-cache.js';
import { createClientKeys } from '../client-keys.js';
import { createClientSecrets, type SlowHasher } from '../client-secret.js';
import type { StoredClient } from '../client-store.js';
import { OAuth2Error } from '../errors.js';
import type { Grant } from '../grant.js';
import type { IdTokenSigner } from '../id-token.js';
import { defaultLifetimes } from '../lifetimes.js';
import { createSecretUses } from '../secret-uses.js';
import { createMemoryAssertionStore } from '../testing/memory-assertion-store.js';
import { createSubjectIdentifier } from '../subject-identifier.js';
import { createMemoryClientStore } from '../testing/memory-client-store.js';
import { createMemoryResourceServerStore } from '../testing/memory-resource-server-store.js';
import { createMemoryTokenStore } from '../testing/memory-token-store.js';
import { createLocalAccessTokenSigner } from '../testing/local-access-token-signer.js';
import { createMemoryWeb } from '../testing/memory-web.js';
import { sampleClient } from '../testing/sample-client.js';
import { issueTokens } from './endpoint.js';
import { inspectToken, introspect, introspectForCaller, type IntrospectionCaller } from './introspection.js';
import type { IssuanceGuard } from './issuance-guard.js';
import { type Mint, mintAuthorizationCode, newFamily } from './mint.js';
import type { AudienceParameter } from './resource.js';
import { revokeToken } from './revocation.js';
import type { TokenReuse } from './token-request.js';
import { createTokenText } from './token-text.js';

export const issuer = 'https://as.example';
/** The redirection URI of the codes that the harness makes. */
export const callback = 'https://rp.example/cb';

type Form = Readonly<Record<string, string>>;

/** A slow hasher that is quick, and counts. */
export function createCountingHasher(): SlowHasher & { readonly calls: { verify: number } } {
  const calls = { verify: 0 };
  const digest = (secret: string) => createHash('sha256').update(secret).digest('hex');
  return {
    calls,
    hash: async (secret) => digest(secret),
    async verify(hash, secret) {
      calls.verify += 1;
      return hash === digest(secret);
    },
  };
}

/** The token endpoint with revocation and introspection over memory stores, a clock to move and a signer to break. */
export async function createTokenHarness({
  refreshGraceMs = 0,
  issuanceGuard,
  audienceParameter = 'read',
  assertionAudience = 'issuer',
}: {
  readonly assertionAudience?: AssertionAudience;
  readonly audienceParameter?: AudienceParameter;
  readonly refreshGraceMs?: number;
  readonly issuanceGuard?: IssuanceGuard;
} = {}) {
  let now = Date.UTC(2026, 10, 23, 12);
  const clock = () => now;
  const clients = createMemoryClientStore(clock);
  const web = createMemoryWeb();
  const store = createMemoryTokenStore({ clients, now: clock });
  const hasher = createCountingHasher();
  const secrets = createClientSecrets({
    peppers: [{ id: randomBytes(4), key: randomBytes(32) }],
    processKey: randomBytes(32),
    slowHasher: hasher,
    randomBytes,
    now: clock,
    clock,
    minLength: 6,
  });
  const tokenText = createTokenText({
    keys: [{ id: randomBytes(4), key: randomBytes(32) }],
    issuer,
    randomBytes,
  });
  const mint: Mint = { tokenText, lifetimes: defaultLifetimes, now: clock, randomBytes };
  const signer = { broken: false };
  const idTokenSigner: IdTokenSigner = {
    algorithm: async () => 'RS256',
    async sign(claims) {
      if (signer.broken) throw new Error('the key manager is away');
      return { jws: `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`, algorithm: 'RS256' };
    },
  };
  const authentication = createClientAuthentication({
    clients: createClientCache(clients),
    secrets,
    assertions: createClientAssertions({
      keys: createClientKeys({ fetch: (url) => web.fetch(url), now: clock }),
      store: createMemoryAssertionStore(clock),
      issuer,
      audience: assertionAudience,
      now: clock,
    }),
    noteSecretUse: createSecretUses({ store: clients, secrets, now: clock }),
  });
  const accessTokenSigner = createLocalAccessTokenSigner();
  const subjectIdentifier = createSubjectIdentifier(randomBytes(32));
  const resourceServers = createMemoryResourceServerStore();
  const reuses: TokenReuse[] = [];
  const tools = {
    issuer,
    refreshGraceMs,
    noteReuse: (reuse: TokenReuse) => void reuses.push(reuse),
    resourceServers,
    audienceParameter,
    ...(issuanceGuard !== undefined ? { issuanceGuard } : {}),
    store,
    statelessTokens: store.statelessTokens,
    mint,
    tokenText,
    idTokenSigner,
    subjectIdentifier,
    accessTokenSigner,
    clients: authentication,
  };

  async function register(changes: Partial<Client> = {}, secret = 'conf-secret'): Promise<StoredClient> {
    const client = sampleClient(changes);
    await clients.insert(client, client.public ? undefined : (await secrets.hash(secret)).hash);
    const stored = await clients.find(client.id);
    if (stored === undefined) throw new Error('the client was not stored');
    return stored;
  }

  function requestOf(form: Form, authorization: string) {
    return {
      parameters: Object.entries(form).map(([name, value]) => ({ name, value })),
      authorization,
      remoteAddress: '192.0.2.7',
    };
  }

  return {
    reuses,
    web,
    resourceServers,
    accessTokenSigner,
    subjectIdentifier,
    clients,
    store,
    hasher,
    secrets,
    tokenText,
    mint,
    signer,
    authentication,
    register,
    advance: (milliseconds: number) => void (now += milliseconds),
    now: clock,
    /** Registers resource servers, for which the client may ask tokens; answers their URIs. */
    async makeResources({ client }: StoredClient, ...uris: string[]): Promise<readonly string[]> {
      for (const uri of uris) await resourceServers.put({ id: uri, uri, name: '', scopes: [] });
      await clients.update({ ...client, tokens: { ...client.tokens, audience: uris } }, 'keep');
      return uris;
    },
    /** A code that the resource owner alice bought, as text. */
    makeCode(
      owner: StoredClient,
      changes: {
        readonly grant?: Partial<Grant>;
        readonly codeChallenge?: string;
        readonly redirectUriGiven?: boolean;
      } = {},
    ): string {
      const grant: Grant = {
        clientId: owner.client.id,
        clientUid: owner.uid,
        subject: 'alice',
        scopes: ['openid', 'offline', 'photos'],
        audience: [],
        accessTokenExtra: { team: 'blue' },
        idTokenExtra: { email: 'alice@example.org' },
        authTime: 1_760_000_000,
        nonce: 'n-0S6_WzA2Mj',
        ...changes.grant,
      };
      const family = newFamily(mint, grant);
      const { codeChallenge } = changes;
      const code = mintAuthorizationCode(mint, {
        redirectUri: callback,
        redirectUriGiven: changes.redirectUriGiven ?? true,
        ...(codeChallenge !== undefined ? { codeChallenge } : {}),
      });
      store.storeOutcome({ family, code: code.row });
      return code.text;
    },
    token: (form: Form, authorization = '') => issueTokens(requestOf(form, authorization), tools),
    revoke: (form: Form, authorization = '') => revokeToken(requestOf(form, authorization), tools),
    introspect: (token: string, scopes: readonly string[] = []) => introspect(token, scopes, tools),
    inspect: (token: string, scopes: readonly string[] = []) => inspectToken(token, scopes, tools),
    introspectForCaller: (
      form: Form,
      authorization = '',
      mayIntrospect?: (caller: IntrospectionCaller) => Promise<boolean>,
    ) =>
      introspectForCaller(requestOf(form, authorization), {
        ...tools,
        ...(mayIntrospect !== undefined ? { mayIntrospect } : {}),
      }),
    async isActive(token: string): Promise<boolean> {
      return (await introspect(token, [], tools)).introspection.active;
    },
  };
}

export type TokenHarness = Awaited<ReturnType<typeof createTokenHarness>>;

/** A Basic header, raw or with the parts encoded as given. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** The error that an endpoint answers; throws when it does not refuse. */
export async function refusalOf(answer: Promise<unknown>): Promise<{ error: string; status: number }> {
  try {
    await answer;
  } catch (cause) {
    if (cause instanceof OAuth2Error) return { error: cause.code, status: cause.status };
    throw cause;
  }
  throw new Error('the request was not refused');
}
