import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey } from './generate-key.js';
import { type HydraImport, importHydraKeys } from './import-hydra.js';
import { formatJwk, type Jwk, publicPart } from './jwk.js';
import { createKeyManagerFixture, fixtureRules } from './testing/key-manager-fixture.js';
import { thumbprint } from './thumbprint.js';

const systemSecret = 'the system secret of an old Hydra';
const idTokens = 'hydra.openid.id-token';

function row(set: string, kid: string, jwk: object) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(systemSecret).digest(), nonce);
  const text = cipher.update(formatJwk({ ...(jwk as Jwk), kid }));
  return { set, kid, keydata: Buffer.concat([text, cipher.final(), cipher.getAuthTag(), nonce]).toString('base64url') };
}

async function rsaKey(): Promise<Jwk> {
  const { alg: _none, dp: _dp, dq: _dq, qi: _qi, ...jwk } = await generateKey('RS256', { rsaBits: 2048, randomBytes });
  return jwk;
}

describe('keys of Hydra', () => {
  it('are taken over under their names; signing keys by thumbprint, to sign on or to verify', async () => {
    const [idToken, response, mine] = [await rsaKey(), await rsaKey(), await rsaKey()];
    const rows = [
      row(idTokens, 'private', idToken),
      row(idTokens, 'public', publicPart(idToken) ?? {}),
      row('hydra.consent.response', 'private', response),
      row('hydra.consent.response', 'public', publicPart(response) ?? {}),
      row('hydra.https-tls', 'private', mine),
      row('mine', 'private:x', mine),
      row('mine', 'weak', { kty: 'oct', k: 'c2hvcnQ' }),
      { ...row('mine', 'torn', mine), keydata: 'AAAA' },
    ];
    for (const ownSets of [false, true]) {
      const { store, sealer, sets, signing, actor } = await createKeyManagerFixture({ ownSets });
      const run = async (): Promise<readonly HydraImport[]> => {
        const done: HydraImport[] = [];
        const onRow = (one: HydraImport) => void done.push(one);
        await importHydraKeys(rows, { store, sealer, systemSecret, rules: fixtureRules, actor, onRow });
        return done;
      };
      const outcomes = (await run()).map(({ kid, outcome }) => `${kid} ${outcome}`);
      expect(outcomes).toEqual([
        'private imported',
        'public not needed',
        'private imported',
        'public imported',
        'private not needed',
        'private:x imported',
        'weak refused',
        'torn refused',
      ]);
      const again = (await run()).filter(({ outcome }) => outcome === 'imported');
      expect(again).toEqual([]);
      const kids = (await signing.verificationKeys('id-token')).map((jwk) => jwk.kid);
      const kid = thumbprint(idToken);
      expect(ownSets ? kids[1] : kids[0]).toBe(kid);
      expect((await signing.sign('id-token', claims)).keyId === kid).toBe(!ownSets);
      expect((await sets.getKey('hydra.consent.response', 'private', actor)).jwk).toMatchObject({ n: response.n });
      expect((await sets.getKey('mine', 'private:x', actor)).jwk).toMatchObject({ n: mine.n, kid: 'private:x' });
      expect(store.rows().some(({ sealed }) => sealed.includes(mine.n?.slice(0, 20) ?? 'x'))).toBe(false);
    }
  });
});

const claims = JSON.stringify({ iss: 'https://op.example', sub: 'peter', aud: 'c', exp: 2_000_000_000, iat: 1 });
