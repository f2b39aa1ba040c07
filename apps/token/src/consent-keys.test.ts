import { keysV1, type RpcClient } from '@castellan/rpc';
import { describe, expect, it } from 'vitest';
import { createConsentChallengeSigner, createConsentResponseKeys } from './consent-keys.js';

/** A key manager that answers from what the test published, and counts. */
function keyManager() {
  const state = { keys: ['{"kty":"RSA","n":"one","e":"AQAB","kid":"public"}'], asked: 0, signed: [] as unknown[] };
  const signing: RpcClient<typeof keysV1.SigningService> = {
    async getVerificationKeys({ purpose }) {
      expect(purpose).toBe(keysV1.Purpose.PURPOSE_CONSENT_RESPONSE);
      state.asked++;
      return { keys: [...state.keys], maxAgeSeconds: 60 };
    },
    async sign(request) {
      state.signed.push(request);
      return { jws: 'a.b.c', keyId: 'k', algorithm: 'RS256' };
    },
  };
  return { state, signing };
}

describe('the keys of consent responses', () => {
  it('are kept for as long as the key manager allows', async () => {
    const { state, signing } = keyManager();
    let time = 0;
    const keys = createConsentResponseKeys(signing, () => time);
    expect(await keys.current()).toMatchObject([{ kty: 'RSA', n: 'one' }]);
    time = 59_999;
    await keys.current();
    expect(state.asked).toBe(1);
    time = 60_000;
    await keys.current();
    expect(state.asked).toBe(2);
  });

  it('are asked for once when many need them at the same time', async () => {
    const { state, signing } = keyManager();
    const keys = createConsentResponseKeys(signing, () => 0);
    await Promise.all(Array.from({ length: 20 }, () => keys.current()));
    expect(state.asked).toBe(1);
  });

  it('that were replaced are found by asking again, at most once a second', async () => {
    const { state, signing } = keyManager();
    let time = 0;
    const keys = createConsentResponseKeys(signing, () => time);
    await keys.current();
    state.keys = ['{"kty":"RSA","n":"two","e":"AQAB"}'];
    time = 999;
    expect(await keys.refresh()).toMatchObject([{ n: 'one' }]);
    time = 1_000;
    expect(await keys.refresh()).toMatchObject([{ n: 'two' }]);
    expect(await keys.current()).toMatchObject([{ n: 'two' }]);
    for (let count = 0; count < 100; count++) await keys.refresh();
    expect(state.asked).toBe(2);
  });

  it('are asked for again after an outage', async () => {
    const { state, signing } = keyManager();
    let down = true;
    const keys = createConsentResponseKeys(
      {
        ...signing,
        getVerificationKeys: async (request) => {
          if (down) throw new Error('down');
          return signing.getVerificationKeys(request);
        },
      },
      () => 0,
    );
    await expect(keys.current()).rejects.toThrow('down');
    down = false;
    expect(await keys.current()).toHaveLength(1);
    expect(state.asked).toBe(1);
  });
});

describe('the signer of consent challenges', () => {
  it('passes the claims on in their order', async () => {
    const { state, signing } = keyManager();
    const sign = createConsentChallengeSigner(signing);
    await sign({ aud: 'c', exp: 1, jti: 'j', redir: 'https://i/oauth2/auth?a=b&c=d', scp: null });
    expect(state.signed).toEqual([
      {
        purpose: keysV1.Purpose.PURPOSE_CONSENT_CHALLENGE,
        claimsJson: '{"aud":"c","exp":1,"jti":"j","redir":"https://i/oauth2/auth?a=b&c=d","scp":null}',
      },
    ]);
  });
});
