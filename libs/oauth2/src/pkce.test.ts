import { describe, expect, it } from 'vitest';
import { isCodeChallenge, matchesCodeChallenge } from './pkce.js';

// RFC 7636 appendix B.
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe('a code verifier', () => {
  it('of the challenge is accepted', () => {
    expect(matchesCodeChallenge(verifier, challenge)).toBe(true);
  });

  it.each([
    ['with another case', verifier.toLowerCase()],
    ['that is the challenge itself', challenge],
    ['that is empty', ''],
    ['that is cut', verifier.slice(0, -1)],
    ['with one character more', `${verifier}x`],
    ['that is too long', 'x'.repeat(129)],
    ['with a character outside the alphabet', `${verifier.slice(0, -1)}+`],
  ])('%s is refused', (_, wrong) => {
    expect(matchesCodeChallenge(wrong, challenge)).toBe(false);
  });
});

describe('a code challenge', () => {
  it.each([
    [challenge, true],
    [challenge.slice(1), false],
    [`${challenge}A`, false],
    [`${challenge}=`, false],
    [challenge.replace('-', '+'), false],
    [`${challenge.slice(0, -1)}N`, false],
    ['', false],
  ])('%j has the form of S256: %j', (text, valid) => {
    expect(isCodeChallenge(text)).toBe(valid);
  });
});
