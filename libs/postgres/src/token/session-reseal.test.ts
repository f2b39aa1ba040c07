import { randomBytes } from 'node:crypto';
import {
  createSessionSeal,
  createTokenText,
  defaultLifetimes,
  type Grant,
  mintAccessToken,
  newFamily,
  type SessionKey,
} from '@castellan/oauth2';
import { sampleClient } from '@castellan/oauth2/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPartitionKeeper } from '../partitions.js';
import { createTestDatabase, type TestDatabase } from '../testing.js';
import { createAuthorizationRequestStore } from './authorization-request-store.js';
import { createClientStore } from './client-store.js';
import { resealSessions, sessionSecretUses } from './session-reseal.js';
import { createSubjectClaimsStore } from './subject-claims-store.js';
import { tokenPartitionedTables } from './token-partitions.js';
import { createTokenStore } from './token-store.js';

const key = (): SessionKey => ({ id: randomBytes(4), key: randomBytes(32) });
const nameOf = ({ id }: SessionKey) => id.toString('hex');
const [older, newer] = [key(), key()];
const sealOf = (...keys: [SessionKey, ...SessionKey[]]) => createSessionSeal({ keys, randomBytes });
const session = {
  accessTokenExtra: { department: 'sales' },
  idTokenExtra: { email: 'alice@example.org' },
  nonce: 'n-0S6_WzA2Mj',
  userinfoClaims: ['email'],
};

let test: TestDatabase;

beforeEach(async () => {
  test = await createTestDatabase('token');
});
afterEach(() => test.drop());

/** A grant with an access token, both stored, its session sealed by `sessions`. */
async function storeGrant(sessions = sealOf(older)) {
  const keeper = createPartitionKeeper(test.database, tokenPartitionedTables(defaultLifetimes));
  const clients = createClientStore(test.database);
  const tokens = createTokenStore(test.database, keeper, sessions);
  await clients.insert(sampleClient(), undefined);
  const clientUid = (await clients.find('conf'))?.uid ?? '';
  const mint = {
    tokenText: createTokenText({ keys: [key()], issuer: '', randomBytes }),
    lifetimes: defaultLifetimes,
    now: () => tokens.now(),
    randomBytes,
  };
  const grant: Grant = { clientId: 'conf', clientUid, subject: 'alice', scopes: ['openid'], audience: [], ...session };
  const family = newFamily(mint, grant);
  const accessToken = mintAccessToken(mint, grant, family).row;
  const requests = createAuthorizationRequestStore(test.database, keeper, sessions);
  const id = randomBytes(32).toString('base64url');
  const hashes = { parameters: {}, parametersHash: '', browserHash: '' };
  await requests.insert({ id, clientUid, clientId: 'conf', ...hashes, lifetimeMs: 60_000 }, 10);
  expect(await requests.complete(id, { family, accessToken })).toBe('won');
  return { family: family.key, accessToken: accessToken.key, keeper };
}

async function rows(): Promise<string> {
  const texts = await Promise.all(
    ['family', 'access_token'].map((table) =>
      test.database.pool.query<{ line: string }>(`SELECT t::text AS line FROM token.${table} t`),
    ),
  );
  return texts.flatMap(({ rows: lines }) => lines.map(({ line }) => line)).join('\n');
}

describe('sessions of grants in PostgreSQL', () => {
  it('are in no row as text, and are what introspection and userinfo answer', async () => {
    const { family, accessToken, keeper } = await storeGrant();
    expect(await rows()).not.toMatch(/sales|alice@example|n-0S6/);
    const tokens = createTokenStore(test.database, keeper, sealOf(older));
    const found = await tokens.findActiveAccessToken(accessToken);
    expect(found?.grant.accessTokenExtra).toEqual(session.accessTokenExtra);
    const claims = await createSubjectClaimsStore(test.database, sealOf(older)).findSubjectClaims(family);
    expect(claims).toEqual({ claims: session.idTokenExtra, requestedClaims: ['email'] });
  });

  it('do not open in another row: that is a fault and never an empty session', async () => {
    const [one, two] = [await storeGrant(), await storeGrant()];
    await test.database.pool.query(
      `UPDATE token.family f SET session = g.session FROM token.family g WHERE f.id = $1 AND g.id = $2`,
      [one.family.id, two.family.id],
    );
    const tokens = createTokenStore(test.database, one.keeper, sealOf(older));
    const claims = createSubjectClaimsStore(test.database, sealOf(older));
    // In one batch with a good row, which is answered.
    const [moved, good] = await Promise.allSettled([
      tokens.findActiveAccessToken(one.accessToken),
      tokens.findActiveAccessToken(two.accessToken),
    ]);
    expect([moved.status, good.status]).toEqual(['rejected', 'fulfilled']);
    await expect(claims.findSubjectClaims(one.family)).rejects.toThrow('moved or changed');
  });

  it('are sealed anew with the key in use, in batches, also those that lay open', async () => {
    const grants = [await storeGrant(), await storeGrant(), await storeGrant()];
    const open = grants[2];
    await test.database.pool.query(
      `UPDATE token.family SET session = NULL, access_token_extra = $2, id_token_extra = $3, nonce = 'n',
         userinfo_claims = '{email}' WHERE id = $1`,
      [open?.family.id, session.accessTokenExtra, session.idTokenExtra],
    );
    expect(await sessionSecretUses(test.database)).toEqual(
      new Map([
        [nameOf(older), 2],
        ['', 1],
      ]),
    );
    const both = sealOf(newer, older);
    const opened = await createSubjectClaimsStore(test.database, both).findSubjectClaims(open?.family ?? never());
    expect(opened?.requestedClaims).toEqual(['email']);

    expect(await resealSessions(test.database, both, nameOf(newer), 2)).toBe(2);
    expect(await resealSessions(test.database, both, nameOf(newer), 2)).toBe(1);
    expect(await resealSessions(test.database, both, nameOf(newer), 2)).toBe(0);
    expect(await sessionSecretUses(test.database)).toEqual(new Map([[nameOf(newer), 3]]));
    expect(await rows()).not.toMatch(/sales|alice@example/);
    const store = createSubjectClaimsStore(test.database, sealOf(newer));
    for (const { family } of grants) {
      expect(await store.findSubjectClaims(family)).toEqual({
        claims: session.idTokenExtra,
        requestedClaims: ['email'],
      });
    }
  });
});

function never(): never {
  throw new Error('three grants were stored');
}
