import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  createSubjectIdentifier,
  OutboundError,
  createChallengeText,
  createFlowCookies,
  createSessionCookies,
  createTokenText,
  defaultLifetimes,
  readConsentResponseKeys,
} from '@castellan/oauth2';
import {
  createLocalAccessTokenSigner,
  createMemoryAuthorizationRequestStore,
  createMemoryClientStore,
  createMemoryConsentStore,
  createMemoryLoginSessionStore,
  createMemoryResourceServerStore,
  createMemoryTokenStore,
  sampleClient,
} from '@castellan/oauth2/testing';
import type { CallContext, tokenV1 } from '@castellan/rpc';
import { createSilentLogger } from '@castellan/service';
import { beforeEach, describe, expect, it } from 'vitest';
import { AuthorizationGrpc } from './authorization.grpc.js';

const issuer = 'https://issuer.example';
const now = (): number => 1_800_000_000_000;
const context: CallContext = { peer: 'gateway', deadline: 0, requestId: 'r' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let rpc: AuthorizationGrpc;
let outage: Error | undefined;

beforeEach(async () => {
  outage = undefined;
  const clients = createMemoryClientStore();
  await clients.insert(sampleClient(), undefined);
  const tokens = createMemoryTokenStore({ clients, now });
  const keys = async () => readConsentResponseKeys([JSON.stringify(publicKey.export({ format: 'jwk' }))]);
  rpc = new AuthorizationGrpc(
    {
      settings: {
        issuer,
        consentUrl: `${issuer}/oauth2/consent`,
        stateMinLength: 0,
        requirePkce: false,
        legacyErrorRedirect: false,
        pendingRequestsPerAddress: 100,
        flow: 'jwt',
        loginSessionMs: 86_400_000,
        pendingRequestsPerClient: 10,
      },
      clients: {
        find: async (id) => {
          if (outage !== undefined) throw outage;
          return clients.find(id);
        },
      },
      requests: createMemoryAuthorizationRequestStore({ clients, outcomes: tokens, now }),
      sessions: createMemoryLoginSessionStore({ tokens, now }),
      consents: createMemoryConsentStore({ clients, tokens, now }),
      sessionCookies: createSessionCookies({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], randomBytes }),
      challenges: createChallengeText({ keys: [randomBytes(32)] }),
      hashAddress: () => undefined,
      mint: {
        tokenText: createTokenText({ keys: [{ id: randomBytes(4), key: randomBytes(32) }], issuer, randomBytes }),
        lifetimes: defaultLifetimes,
        now,
        randomBytes,
      },
      cookies: createFlowCookies({
        keys: [{ id: randomBytes(4), key: randomBytes(32) }],
        lifetimeMs: defaultLifetimes.challengeMs,
        now,
        randomBytes,
      }),
      signChallenge: async (challenge) => jwt(challenge),
      responseKeys: { current: keys, refresh: keys },
      idTokenKeys: async () => [],
      requestUris: { fetch: () => Promise.reject(new OutboundError()), keys: { of: async () => [] }, unsigned: false },
      subjectIdentifier: createSubjectIdentifier(randomBytes(32)),
      accessTokenSigner: createLocalAccessTokenSigner(),
      resourceServers: createMemoryResourceServerStore(),
      idTokenSigner: {
        algorithm: async () => 'RS256',
        sign: async (claims) => ({ jws: jwt(claims), algorithm: 'RS256' }),
      },
    },
    createSilentLogger(),
  );
});

function jwt(claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function authorize(parameters: object, setCookies: readonly tokenV1.SetCookie[] = []) {
  return rpc.authorize(
    {
      parameters: Object.entries(parameters).map(([name, value]) => ({ name, value: String(value) })),
      cookies: setCookies.map(({ name, value }) => ({ name, value })),
      secure: true,
    },
    context,
  );
}

const request = {
  client_id: 'conf',
  redirect_uri: 'https://rp.example/cb',
  response_type: 'code',
  scope: 'openid',
  state: 'abcdefghij',
};

describe('the rpc Authorize', () => {
  it('answers each outcome in its own arm', async () => {
    const started = await authorize(request);
    expect(started).toEqual({
      toConsent: { location: expect.stringMatching(/^https:\/\/issuer\.example\/oauth2\/consent\?challenge=/) },
      setCookies: [
        { name: expect.stringMatching(/^__Host-castellan_flow_/), value: expect.any(String), maxAgeSeconds: 600 },
      ],
    });
    const challenge = new URL(started.toConsent?.location ?? '').searchParams.get('challenge') ?? '';
    const claims = JSON.parse(Buffer.from(challenge.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    const { jti, aud, exp, scp } = claims;
    const finished = await authorize(
      { ...request, consent: jwt({ jti, aud, exp, scp, sub: 'user:1' }) },
      started.setCookies,
    );
    expect(finished).toEqual({
      toClient: { location: expect.stringMatching(/^https:\/\/rp\.example\/cb\?code=ct_ac_.*&iss=/) },
      setCookies: [{ name: started.setCookies[0]?.name, value: '', maxAgeSeconds: 0 }],
    });
    expect(await authorize({ ...request, scope: 'openid hydra' })).toEqual({
      errorToClient: { location: expect.stringMatching(/^https:\/\/rp\.example\/cb\?error=invalid_scope&/) },
      setCookies: [],
    });
    expect(await authorize({ ...request, client_id: 'nobody' })).toEqual({
      errorPage: { error: 'invalid_client', description: expect.any(String), status: 400, hint: expect.any(String) },
      setCookies: [],
    });
  });

  it('is UNAVAILABLE while the database is away', async () => {
    outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(authorize(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
