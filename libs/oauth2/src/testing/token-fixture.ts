import { randomBytes } from 'node:crypto';
import type { ClientStore, StoredClient } from '../client-store.js';
import type { Grant, NewFamily, RowKey } from '../grant.js';
import { defaultLifetimes } from '../lifetimes.js';
import {
  type FamilyOf,
  type Mint,
  mintAccessToken,
  mintAuthorizationCode,
  mintRefreshToken,
  newFamily,
} from '../token/mint.js';
import { createTokenText } from '../token/token-text.js';
import type { AuthorizationOutcome, TokenStore } from '../token/token-store.js';
import { sampleClient } from './sample-client.js';

/** A token store and its replica over the same data, with the clients beside them. */
export type TokenStoreHarness = {
  readonly clients: ClientStore;
  readonly tokens: TokenStore;
  readonly replica: TokenStore;
  /** Stores what a decided authorization request bought. */
  storeOutcome(outcome: AuthorizationOutcome): Promise<void>;
  advanceClock(milliseconds: number): Promise<void>;
  /** Everything that is stored, as text. */
  dump(): Promise<string>;
  close(): Promise<void>;
};

/** What the contract does with the stores of a harness, in the words of the protocol. `texts` are the tokens made. */
export async function createTokenFixture(harness: TokenStoreHarness) {
  const texts: string[] = [];
  const tokenText = createTokenText({
    keys: [{ id: randomBytes(4), key: randomBytes(32) }],
    issuer: 'https://as.example',
    randomBytes,
  });
  const mint: Mint = {
    tokenText: {
      ...tokenText,
      mint(type, bucket) {
        const minted = tokenText.mint(type, bucket);
        texts.push(minted.text);
        return minted;
      },
    },
    lifetimes: defaultLifetimes,
    now: () => harness.tokens.now(),
    randomBytes,
  };
  const client = await makeClient('conf');

  async function makeClient(id: string): Promise<StoredClient> {
    await harness.clients.insert(sampleClient({ id }), undefined);
    const stored = await harness.clients.find(id);
    if (stored === undefined) throw new Error('the client was not stored');
    return stored;
  }

  function grantOf(owner: StoredClient, changes: Partial<Grant> = {}): Grant {
    return {
      clientId: owner.client.id,
      clientUid: owner.uid,
      subject: 'alice',
      scopes: ['openid', 'offline'],
      audience: [],
      accessTokenExtra: { team: { name: 'ünï"code' }, list: [1, null] },
      idTokenExtra: { email: 'a@b.c' },
      authTime: 1_700_000_000,
      nonce: 'n-0S6_WzA2Mj',
      ...changes,
    };
  }

  function familyOf(family: NewFamily): FamilyOf {
    return { key: family.key, expiresAt: family.expiresAt };
  }

  async function makeCode(owner = client, changes: Partial<Grant> = {}) {
    const family = newFamily(mint, grantOf(owner, changes));
    const code = mintAuthorizationCode(mint, {
      redirectUri: 'https://rp.example/cb',
      redirectUriGiven: true,
      codeChallenge: 'challenge',
    });
    await harness.storeOutcome({ family, code: code.row });
    return { family, key: code.row.key };
  }

  function tokensOf(family: NewFamily) {
    const accessToken = mintAccessToken(mint, family.grant, familyOf(family)).row;
    return { accessToken, refreshToken: mintRefreshToken(mint, familyOf(family)).row };
  }

  async function redeem(store: TokenStore, code: { family: NewFamily; key: RowKey }) {
    const bought = tokensOf(code.family);
    return { outcome: await store.consumeAuthorizationCode({ code: code.key, ...bought }), ...bought };
  }

  async function rotate(store: TokenStore, family: NewFamily, refreshToken: RowKey, windowMs = 0) {
    const { accessToken, refreshToken: successor } = tokensOf(family);
    const answer = { sealed: `sealed-${successor.key.id}`, parametersHash: 'hash', windowMs };
    const outcome = await store.rotateRefreshToken({
      refreshToken,
      successor,
      accessToken,
      ...(windowMs > 0 ? { answer } : {}),
    });
    return { outcome, accessToken, refreshToken: successor };
  }

  async function isActive(key: RowKey, store = harness.replica): Promise<boolean> {
    return (await store.findActiveAccessToken(key)) !== undefined;
  }

  return { ...harness, texts, mint, client, makeClient, grantOf, makeCode, tokensOf, redeem, rotate, isActive };
}

export type TokenFixture = Awaited<ReturnType<typeof createTokenFixture>>;
