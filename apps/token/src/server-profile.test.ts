import { describe, expect, it } from 'vitest';
import { readTokenConfig } from './token.config.js';

const env = {
  DATABASE_URL: 'postgres://localhost/castellan',
  ISSUER: 'https://as.example',
  TOKEN_SECRET: 'a secret of the token service',
};
const read = (more: Record<string, string>) => readTokenConfig({ ...env, ...more });

describe('SERVER_PROFILE', () => {
  it('is strict where it is not given: nobody registers himself, and assertions are for the issuer', () => {
    expect(read({})).toMatchObject({ registration: { access: 'off' }, assertionAudience: 'issuer' });
    expect(read({ SERVER_PROFILE: 'strict' })).toEqual(read({}));
  });

  it('openid-conformance lets holders of an initial access token register, and takes assertions for the token endpoint', () => {
    const config = read({ SERVER_PROFILE: 'openid-conformance' });
    expect(config).toMatchObject({
      registration: { access: 'initial-token' },
      assertionAudience: 'issuer-or-token-url',
      unsignedRequestObjects: false,
    });
  });

  it('is preceded by what is set itself; an empty variable sets nothing', () => {
    const profile = { SERVER_PROFILE: 'openid-conformance' };
    expect(read({ ...profile, DYNAMIC_REGISTRATION: 'off' })).toMatchObject({ registration: { access: 'off' } });
    expect(read({ ...profile, DYNAMIC_REGISTRATION: '' })).toMatchObject({ registration: { access: 'initial-token' } });
  });

  it.each(['conformance', '__proto__', 'toString'])('refuses %s', (SERVER_PROFILE) => {
    expect(() => read({ SERVER_PROFILE })).toThrow('SERVER_PROFILE: must be strict or openid-conformance');
  });
});
