// oidc-provider as it would be run in production, with clients and tokens in PostgreSQL or in memory.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';
import LRU from 'oidc-provider/lib/helpers/lru.js';
import pg from 'pg';
import { benchClient, jwtAlgorithms, resourceOf } from '../servers/bench-client.js';
import { postgresAdapter } from './postgres-adapter.js';

const port = Number(process.env['PORT']);
const databaseUrl = process.env['DATABASE_URL'];
const issuer = `http://localhost:${port}`;
// RS256 for ID tokens, as with the product; all three for JWT access tokens.
const privateKeys = [
  { alg: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) },
  { alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  { alg: 'EdDSA', ...generateKeyPairSync('ed25519') },
];

const client = {
  client_id: benchClient.id,
  client_secret: benchClient.secret,
  redirect_uris: [benchClient.redirectUri],
  grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  scope: benchClient.scope,
};

const hour = 60 * 60;
const configuration = {
  jwks: {
    keys: privateKeys.map(({ alg, privateKey }) => ({
      ...privateKey.export({ format: 'jwk' }),
      kid: alg,
      use: 'sig',
      alg,
    })),
  },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  scopes: ['openid', 'offline_access', 'bench'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context: unknown, resource: string) => {
        const alg = jwtAlgorithms.find((each) => resourceOf(each) === resource);
        return { scope: 'bench', accessTokenFormat: 'jwt', accessTokenTTL: hour, jwt: { sign: { alg } } };
      },
    },
  },
  ttl: {
    AccessToken: hour,
    AuthorizationCode: 60,
    ClientCredentials: hour,
    Grant: 14 * 24 * hour,
    IdToken: hour,
    Interaction: hour,
    RefreshToken: 14 * 24 * hour,
    Session: 14 * 24 * hour,
  },
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}` },
};

const provider = new Provider(issuer, { ...configuration, ...(await storage()) });
// A fault is no figure: say what went wrong.
provider.on('server_error', (_context, cause) => void process.stderr.write(`${String(cause.stack)}\n`));
// Login and consent in one step: the least that its documented interaction does.
provider.use(async (context, next) => {
  if (!context.path.startsWith('/interaction/')) return next();
  const { params } = await provider.interactionDetails(context.req, context.res);
  const accountId = 'user:12345:dandean';
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  context.respond = false;
  await provider.interactionFinished(
    context.req,
    context.res,
    { login: { accountId }, consent: { grantId } },
    { mergeWithLastSubmission: false },
  );
});
provider.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'));

async function storage(): Promise<Record<string, unknown>> {
  if (databaseUrl === undefined) {
    // The memory adapter keeps a thousand entries by default: a benchmark would evict its own tokens.
    const store = new LRU({ maxSize: 10_000_000 });
    const adapter = class extends MemoryAdapter {
      constructor(model: string) {
        super(model, store);
      }
    };
    return { clients: [client], adapter };
  }
  const adapter = postgresAdapter(new pg.Pool({ connectionString: databaseUrl, max: 10 }));
  await new adapter('Client').upsert(client.client_id, client);
  return { adapter };
}
