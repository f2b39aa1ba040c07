import { describe, expect, it } from 'vitest';
import { defaultLifetimes } from '@castellan/oauth2';
import { ConfigError } from '@castellan/service';
import { readTokenConfig } from './token.config.js';

const least = {
  DATABASE_URL: 'postgres://localhost/castellan?sslmode=disable',
  ISSUER: 'https://localhost:9000/',
  CONSENT_URL: 'http://localhost:9020/consent',
  TOKEN_SECRET: 'cds1_token_0123456789',
};

describe('the configuration of the token service', () => {
  it('needs a database, the issuer and the secret; the rest has defaults', () => {
    expect(readTokenConfig(least)).toMatchObject({
      databaseUrl: least.DATABASE_URL,
      issuer: 'https://localhost:9000',
      consentUrl: 'http://localhost:9020/consent',
      lifetimes: defaultLifetimes,
      stateMinLength: 0,
      requirePkce: false,
      clientSecretMinLength: 6,
      introspectionAccess: 'open',
      legacyErrorRedirect: false,
      warnings: [],
    });
  });

  it.each([
    ['CONSENT_URL alone', {}, 'jwt'],
    ['LOGIN_URL beside it', { LOGIN_URL: 'https://login.example/' }, 'challenge'],
    [
      "Hydra's own names",
      { CONSENT_URL: '', URLS_CONSENT: 'https://c.example/', URLS_LOGIN: 'https://l.example/' },
      'challenge',
    ],
    ['what is said', { LOGIN_CONSENT_FLOW: 'consent-request' }, 'consent-request'],
    ['what is said, whatever is set', { LOGIN_URL: 'https://login.example/', LOGIN_CONSENT_FLOW: 'jwt' }, 'jwt'],
  ])('chooses the flow of login and consent by %s', (_, env, flow) => {
    expect(readTokenConfig({ ...least, ...env }).loginConsentFlow).toBe(flow);
  });

  it("reads Hydra's names of the apps where ours are not set", () => {
    const hydra = {
      URLS_LOGIN: 'https://h.example/login',
      URLS_CONSENT: 'https://h.example/consent',
      URLS_ERROR: 'https://h.example/error',
      URLS_LOGOUT: 'https://h.example/logout',
      URLS_POST_LOGOUT_REDIRECT: 'https://h.example/bye',
    };
    expect(readTokenConfig({ ...least, CONSENT_URL: '', ...hydra })).toMatchObject({
      loginUrl: hydra.URLS_LOGIN,
      consentUrl: hydra.URLS_CONSENT,
      errorUrl: hydra.URLS_ERROR,
      logoutUrl: hydra.URLS_LOGOUT,
      postLogoutUrl: hydra.URLS_POST_LOGOUT_REDIRECT,
    });
    expect(readTokenConfig({ ...least, ...hydra }).consentUrl).toBe(least.CONSENT_URL);
  });

  it.each([
    [{ CONSENT_URL: '', LOGIN_URL: 'https://l.example/' }, 'CONSENT_URL: is required with LOGIN_URL'],
    [{ LOGIN_CONSENT_FLOW: 'challenge' }, 'LOGIN_URL: is required for the challenge flow'],
    [{ LOGIN_CONSENT_FLOW: 'magic' }, 'LOGIN_CONSENT_FLOW: must be jwt, consent-request or challenge'],
    [{ LOGIN_URL: 'https://l.example/#x' }, 'LOGIN_URL: must have no fragment'],
  ])('refuses apps that no browser could reach: %j', (env, message) => {
    expect(() => readTokenConfig({ ...least, ...env })).toThrow(message);
  });

  it('reads the lifetimes of the original in the syntax of Go', () => {
    const config = readTokenConfig({
      ...least,
      ACCESS_TOKEN_LIFESPAN: '1h30m',
      ID_TOKEN_LIFESPAN: '90s',
      AUTH_CODE_LIFESPAN: '10m',
      CHALLENGE_TOKEN_LIFESPAN: '5m',
      REFRESH_TOKEN_IDLE_LIFESPAN: '24h',
      REFRESH_TOKEN_LIFESPAN: '720h',
    });
    expect(config.lifetimes).toEqual({
      accessTokenMs: 5_400_000,
      idTokenMs: 90_000,
      authorizationCodeMs: 600_000,
      challengeMs: 300_000,
      refreshTokenIdleMs: 86_400_000,
      refreshTokenMs: 2_592_000_000,
    });
  });

  it('takes its own database before the common one', () => {
    const own = 'postgres://localhost/tokens?sslmode=disable';
    expect(readTokenConfig({ ...least, TOKEN_DATABASE_URL: own }).databaseUrl).toBe(own);
  });

  it('removes one trailing slash of the issuer, no more', () => {
    expect(readTokenConfig({ ...least, ISSUER: 'https://as.example//' }).issuer).toBe('https://as.example/');
  });

  it('warns of BCRYPT_COST, which has no effect, and of a missing CONSENT_URL', () => {
    const { CONSENT_URL: _, ...without } = least;
    const config = readTokenConfig({ ...without, BCRYPT_COST: '8' });
    expect(config.warnings).toEqual([expect.stringContaining('BCRYPT_COST'), expect.stringContaining('CONSENT_URL')]);
    expect(config.consentUrl).toBe('https://localhost:9000/oauth2/consent');
  });

  it.each([
    ['ISSUER', ''],
    ['ISSUER', 'localhost:9000'],
    ['ISSUER', 'https://as.example/?x=1'],
    ['CONSENT_URL', 'javascript:alert(1)'],
    ['CONSENT_URL', 'https://consent.example/#x'],
    ['TOKEN_SECRET', ''],
    ['TOKEN_SECRET', 'too-short'],
    ['COOKIE_SECRET', 'too-short'],
    ['DATABASE_URL', ''],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['ACCESS_TOKEN_LIFESPAN', 'soon'],
    ['ACCESS_TOKEN_LIFESPAN', '0s'],
    ['REFRESH_TOKEN_LIFESPAN', '900000h'],
    ['STATE_MIN_LENGTH', '-1'],
    ['REQUIRE_PKCE', 'perhaps'],
    ['CLIENT_SECRET_MIN_LENGTH', '5'],
    ['INTROSPECTION_ACCESS', 'closed'],
  ])('refuses %s=%j by name', (name, value) => {
    const read = () => readTokenConfig({ ...least, [name]: value });
    expect(read).toThrowError(ConfigError);
    expect(read).toThrowError(new RegExp(name));
  });

  it('never shows a secret', () => {
    const config = readTokenConfig({ ...least, COOKIE_SECRET: 'cookie-secret-0123' });
    expect(JSON.stringify(config)).not.toMatch(/cds1_token|cookie-secret/);
    expect(() => readTokenConfig({ ...least, TOKEN_SECRET: 'hunter2' })).not.toThrowError(/hunter2/);
  });
});
