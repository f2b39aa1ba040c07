import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  checkSystemSecret,
  checkSystemSecrets,
  deriveKey,
  deriveServiceSecret,
  deriveServiceSecrets,
  inUseFirst,
  parseSecretList,
  generateSystemSecret,
  keyId,
  secretVerifier,
} from './secrets.js';

const secret = 'a system secret of more than thirty-two characters';

describe('system secret', () => {
  it('is refused under 16 characters', () => {
    expect(checkSystemSecret('fifteen-letters')).toMatchObject({ ok: false });
    expect(checkSystemSecret('')).toMatchObject({ ok: false });
  });

  it.each([
    ['sixteen-letters!', 1],
    ['thirty-one characters are fewer', 1],
    ['this_needs_to_be_the_same_always_and_also_very_$3cuR3-._', 1],
    ['this_needs_to_be_the_same_always_and_also_very_cuR3-._', 1],
    [secret, 0],
  ])('%s is accepted with %i warning(s) that do not repeat it', (value, count) => {
    const check = checkSystemSecret(value);
    const warnings = check.ok ? check.warnings : [];
    expect(check.ok).toBe(true);
    expect(warnings).toHaveLength(count);
    expect(warnings.join()).not.toContain(value);
  });

  it('is generated with a checksum that finds a mistyped character', () => {
    const generated = generateSystemSecret(randomBytes);
    expect(generated).toMatch(/^csk1_[A-Za-z0-9_-]{48}$/);
    expect(checkSystemSecret(generated)).toEqual({ ok: true, warnings: [] });
    const typo = generated.slice(0, 20) + (generated[20] === 'A' ? 'B' : 'A') + generated.slice(21);
    expect(checkSystemSecret(typo)).toMatchObject({ ok: false });
    expect(checkSystemSecret(generated.slice(0, -1))).toMatchObject({ ok: false });
  });
});

describe('derived secrets', () => {
  it('differ by secret and by label, and stay the same', () => {
    const labels = ['kek/v1', 'token-mac/v1', 'kid', 'key-check/v1'];
    const keys = labels.map((label) => deriveKey(secret, label).toString('hex'));
    expect(new Set([...keys, deriveKey(`${secret}!`, 'kek/v1').toString('hex')]).size).toBe(5);
    expect(deriveKey(secret, 'kek/v1').toString('hex')).toBe(keys[0]);
    expect(deriveKey(secret, 'kek/v1')).toHaveLength(32);
  });

  it('never change between versions, for they open what older versions sealed', () => {
    expect(deriveKey('a fixed system secret', 'kek/v1').toString('hex')).toBe(
      'a79aca94ac49e1b4f053a76333e5d233f49178dd7636567600742917c25738b4',
    );
  });

  it('name their service and are not the root', () => {
    expect(deriveServiceSecret(secret, 'token')).toMatch(/^cds1_token_[A-Za-z0-9_-]{43}$/);
    expect(deriveServiceSecret(secret, 'warden')).toMatch(/^cds1_warden_[A-Za-z0-9_-]{43}$/);
    expect(deriveServiceSecret(secret, 'token').slice(11)).not.toBe(deriveServiceSecret(secret, 'warden').slice(12));
    expect(checkSystemSecret(deriveServiceSecret(secret, 'token'))).toEqual({ ok: true, warnings: [] });
  });

  it('come as lists, newest first, while a secret with a comma stays what it was', () => {
    const [newer, older] = ['a newer system secret', 'an older system secret'];
    expect(parseSecretList(`${newer}, ${older}`)).toEqual([newer, older]);
    expect(parseSecretList('a secret, with a comma in it')).toEqual(['a secret, with a comma in it']);
    expect(deriveServiceSecrets(`${newer},${older}`, 'token')).toBe(
      `${deriveServiceSecret(newer, 'token')},${deriveServiceSecret(older, 'token')}`,
    );
    expect(checkSystemSecrets(`${newer},${older}`)).toMatchObject({ ok: true });
    expect(checkSystemSecrets(`${newer},${newer}`)).toMatchObject({ ok: false });
    expect(checkSystemSecrets(`${newer},csk1_not-a-generated-one`)).toMatchObject({ ok: false });
    expect(inUseFirst([newer, older], keyId(older).toString('hex'))).toEqual([older, newer]);
  });

  it('have a key ID of four bytes and a verifier of their own for each component', () => {
    expect(keyId(secret)).toHaveLength(4);
    expect(secretVerifier(secret, 'keys').keyId).toBe(keyId(secret).toString('hex'));
    expect(secretVerifier(secret, 'keys').verifier).not.toBe(secretVerifier(secret, 'token').verifier);
  });
});
