import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { completeRsaPrivateKey } from './rsa-private-key.js';

describe('an RSA private key without dp, dq and qi', () => {
  it('is completed to the key it was', async () => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const whole = await exportJWK(privateKey);
    const { dp: _dp, dq: _dq, qi: _qi, ...rest } = whole;
    expect(completeRsaPrivateKey(rest)).toEqual(whole);
    expect(completeRsaPrivateKey(whole)).toBe(whole);
  });
});
