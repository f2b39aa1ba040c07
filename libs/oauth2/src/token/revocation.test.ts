import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredClient } from '../client-store.js';
import { basic, callback, createTokenHarness, refusalOf, type TokenHarness } from './token-harness.js';
import type { IssuedTokens } from './token-request.js';

const conf = basic('conf', 'conf-secret');
const evil = basic('evil', 'conf-secret');
let harness: TokenHarness;
let owner: StoredClient;
let tokens: IssuedTokens;
beforeEach(async () => {
  harness = await createTokenHarness();
  owner = await harness.register();
  await harness.register({ id: 'evil' });
  const code = harness.makeCode(owner);
  tokens = await harness.token({ grant_type: 'authorization_code', code, redirect_uri: callback }, conf);
});

async function nothingIsLeft(...others: IssuedTokens[]): Promise<void> {
  for (const { accessToken, refreshToken } of [tokens, ...others]) {
    expect(await harness.isActive(accessToken)).toBe(false);
    const refused = await refusalOf(
      harness.token({ grant_type: 'refresh_token', refresh_token: refreshToken ?? '' }, conf),
    );
    expect(refused).toEqual({ error: 'invalid_grant', status: 400 });
  }
}

describe('revocation', () => {
  it.each(['', 'refresh_token', 'access_token', 'nonsense'])(
    'of a refresh token (hint %j) ends its whole grant',
    async (hint) => {
      await harness.revoke({ token: tokens.refreshToken ?? '', token_type_hint: hint }, conf);
      await nothingIsLeft();
    },
  );

  it.each(['', 'refresh_token', 'access_token'])('of an access token (hint %j) ends its whole grant', async (hint) => {
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' };
    const second = await harness.token(form, conf);
    await harness.revoke({ token: second.accessToken, token_type_hint: hint }, conf);
    await nothingIsLeft(second);
  });

  it('of a rotated refresh token ends its grant too', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken ?? '' };
    const second = await harness.token(form, conf);
    await harness.revoke({ token: tokens.refreshToken ?? '' }, conf);
    await nothingIsLeft(second);
  });

  it('of a token without grant ends that token alone', async () => {
    const [one, other] = [
      await harness.token({ grant_type: 'client_credentials' }, conf),
      await harness.token({ grant_type: 'client_credentials' }, conf),
    ];
    await harness.revoke({ token: one.accessToken }, conf);
    expect(await harness.isActive(one.accessToken)).toBe(false);
    expect(await harness.isActive(other.accessToken)).toBe(true);
  });

  it('twice is no error', async () => {
    await harness.revoke({ token: tokens.accessToken }, conf);
    await harness.revoke({ token: tokens.accessToken }, conf);
    await harness.revoke({ token: tokens.refreshToken ?? '' }, conf);
  });

  it.each(['x', 'ct_at_x.y', '%00', '😀'])('of %j, which is no token, is no error', async (token) => {
    await harness.revoke({ token, callback: 'alert' }, conf);
    expect(await harness.isActive(tokens.accessToken)).toBe(true);
  });

  it('of a token of another client is refused without effect', async () => {
    for (const token of [tokens.accessToken, tokens.refreshToken ?? '']) {
      expect(await refusalOf(harness.revoke({ token }, evil))).toEqual({ error: 'unauthorized_client', status: 400 });
    }
    expect(await harness.isActive(tokens.accessToken)).toBe(true);
  });

  it('needs a token and an authenticated client', async () => {
    expect(await refusalOf(harness.revoke({}, conf))).toEqual({ error: 'invalid_request', status: 400 });
    const token = tokens.accessToken;
    for (const answer of [
      harness.revoke({ token }),
      harness.revoke({ token }, basic('conf', 'wrong-secret')),
      harness.revoke({ token, client_id: 'conf' }),
      harness.revoke({ token }, `Bearer ${token}`),
    ]) {
      expect(await refusalOf(answer)).toEqual({ error: 'invalid_client', status: 401 });
    }
    expect(await harness.isActive(token)).toBe(true);
  });

  it('is open to a public client for its own tokens', async () => {
    const pub = await harness.register({ id: 'pub', public: true });
    const codeChallenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
    const form = {
      grant_type: 'authorization_code',
      code: harness.makeCode(pub, { codeChallenge }),
      redirect_uri: callback,
      client_id: 'pub',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    };
    const { accessToken } = await harness.token(form);
    await harness.revoke({ token: accessToken, client_id: 'pub' });
    expect(await harness.isActive(accessToken)).toBe(false);
  });
});
