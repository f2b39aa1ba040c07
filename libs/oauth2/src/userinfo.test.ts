import { createLocalAccessTokenSigner } from './testing/local-access-token-signer.js';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Client } from './client.js';
import { OAuth2Error } from './errors.js';
import type { Grant } from './grant.js';
import { createSubjectIdentifier } from './subject-identifier.js';
import { type AuthorizationHarness, createAuthorizationHarness, issuer } from './testing/authorization-harness.js';
import { mintAccessToken, newFamily } from './token/mint.js';
import { userinfo, type UserinfoRequest, type UserinfoTools } from './userinfo.js';

let harness: AuthorizationHarness;
let tools: UserinfoTools;

beforeEach(async () => {
  harness = await createAuthorizationHarness();
  tools = {
    issuer,
    store: harness.tokens,
    statelessTokens: harness.tokens.statelessTokens,
    tokenText: harness.tokenText,
    clientStore: harness.clients,
    subjectClaims: harness.tokens,
    subjectIdentifier: createSubjectIdentifier(randomBytes(32)),
    accessTokenSigner: createLocalAccessTokenSigner(),
    signUserinfo: async (claims, algorithm) => `${algorithm}.${JSON.stringify(claims)}`,
  };
});

async function tokenOf(grant: Partial<Grant> = {}, client: Partial<Client> = {}): Promise<string> {
  await harness.register(client);
  const stored = await harness.clients.find('conf');
  const granted: Grant = {
    clientId: 'conf',
    clientUid: stored?.uid ?? '',
    subject: 'alice',
    scopes: ['openid'],
    audience: [],
    accessTokenExtra: { hidden: true },
    idTokenExtra: { name: 'Alice', email: 'a@b.c', team: 'blue', sub: 'forged', iss: 'forged' },
    ...grant,
  };
  const family = newFamily(harness.tools.mint, granted);
  const token = mintAccessToken(harness.tools.mint, granted, family);
  harness.tokens.storeOutcome({ family, accessToken: token.row });
  return token.text;
}

function ask(token: string, request: Partial<UserinfoRequest> = {}) {
  return userinfo({ authorization: `Bearer ${token}`, parameters: [], ...request }, tools);
}

async function refusal(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'not refused',
    (cause: unknown) => (cause instanceof OAuth2Error ? `${cause.status} ${cause.code}` : String(cause)),
  );
}

describe('userinfo', () => {
  it('answers the subject and what belongs to no scope', async () => {
    expect(await ask(await tokenOf())).toEqual({ kind: 'json', claims: { sub: 'alice', team: 'blue' } });
  });

  it('answers the claims of the granted scopes, and those that the request asked for by name', async () => {
    const token = await tokenOf({ scopes: ['openid', 'email'], userinfoClaims: ['name'] });
    const claims = { sub: 'alice', team: 'blue', email: 'a@b.c', name: 'Alice' };
    expect(await ask(token)).toEqual({ kind: 'json', claims });
  });

  it('answers the token of an OpenID Connect request whatever resources it was asked for, too', async () => {
    const token = await tokenOf({ audience: ['https://api.example'] });
    expect(await ask(token)).toMatchObject({ kind: 'json', claims: { sub: 'alice' } });
    expect(await refusal(ask(await tokenOf({ audience: ['https://api.example'], scopes: ['photos'] })))).toBe(
      '403 insufficient_scope',
    );
  });

  it('takes the token from the form, but not from both', async () => {
    const token = await tokenOf();
    const parameters = [{ name: 'access_token', value: token }];
    expect(await ask('', { authorization: '', parameters })).toMatchObject({ kind: 'json' });
    expect(await refusal(ask(token, { parameters }))).toBe('400 invalid_request');
  });

  it('is signed for the client that registered an algorithm, without exp, with the subject it knows', async () => {
    const openid = { userinfoSignedResponseAlg: 'ES256', subjectType: 'pairwise' } as const;
    const answer = await ask(await tokenOf({}, { openid }));
    const jws = answer.kind === 'jwt' ? answer.jws : '';
    const claims = JSON.parse(jws.slice('ES256.'.length)) as object;
    expect(Object.keys(claims).sort()).toEqual(['aud', 'iss', 'sub', 'team']);
    expect(claims).toMatchObject({ aud: 'conf', iss: issuer });
    expect(claims).not.toMatchObject({ sub: 'alice' });
  });

  it('refuses what is no active access token', async () => {
    const token = await tokenOf();
    expect(await refusal(ask('garbage'))).toBe('401 invalid_token');
    expect(await refusal(ask('', { authorization: '' }))).toBe('401 invalid_token');
    expect(await refusal(ask('', { authorization: 'Basic YTpi' }))).toBe('401 invalid_token');
    harness.advance(2 * 3_600_000);
    expect(await refusal(ask(token))).toBe('401 invalid_token');
  });

  it('refuses a token of a client that was deleted', async () => {
    const token = await tokenOf();
    await harness.clients.remove('conf');
    await harness.register();
    expect(await refusal(ask(token))).toBe('401 invalid_token');
  });

  it('refuses a token without openid, and one of a client alone', async () => {
    expect(await refusal(ask(await tokenOf({ scopes: ['email'] })))).toBe('403 insufficient_scope');
    const client = await harness.clients.find('conf');
    const grant = { clientId: 'conf', clientUid: client?.uid ?? '', subject: 'conf', scopes: ['openid'] };
    const rest = { audience: [], accessTokenExtra: {}, idTokenExtra: {} };
    const token = mintAccessToken(harness.tools.mint, { ...grant, ...rest });
    await harness.tokens.insertClientAccessToken(token.row, client?.revision ?? 0);
    expect(await refusal(ask(token.text))).toBe('403 insufficient_scope');
  });
});
