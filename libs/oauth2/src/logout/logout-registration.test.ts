import { describe, expect, it } from 'vitest';
import { OAuth2Error } from '../errors.js';
import { sampleClient } from '../testing/sample-client.js';
import { type LogoutRegistration, readLogoutRegistration, validateLogoutRegistration } from './logout-registration.js';

function problemOf(logout: LogoutRegistration, isAllowedHost: (host: string) => boolean = () => false): string {
  const redirectUris = ['https://rp.example/cb', 'http://127.0.0.1:9/cb', 'com.example.app:/cb'];
  try {
    validateLogoutRegistration(sampleClient({ redirectUris, logout }), isAllowedHost);
    return '';
  } catch (cause) {
    if (!(cause instanceof OAuth2Error)) throw cause;
    return `${cause.code} ${cause.hint}`;
  }
}

describe('the logout members of a client', () => {
  it('are absent when nothing is registered', () => {
    const nothing = {
      postLogoutRedirectUris: [],
      backchannelLogoutUri: '',
      backchannelLogoutSessionRequired: false,
      frontchannelLogoutUri: '',
      frontchannelLogoutSessionRequired: false,
      skipLogoutConsent: false,
    };
    expect(readLogoutRegistration(nothing)).toBeUndefined();
    const twice = { ...nothing, postLogoutRedirectUris: ['https://rp.example/', 'https://rp.example/'] };
    expect(readLogoutRegistration(twice)).toEqual({ postLogoutRedirectUris: ['https://rp.example/'] });
  });

  it.each<[string, LogoutRegistration]>([
    ['a page of the client', { postLogoutRedirectUris: ['https://elsewhere.example/bye?a=b'] }],
    ['a page of a native client', { postLogoutRedirectUris: ['com.example.app:/bye'] }],
    ['a public https host', { backchannelLogoutUri: 'https://rp.example/logout?tenant=1' }],
    ['a frame of its own origin', { frontchannelLogoutUri: 'https://rp.example/frame' }],
    ['a frame on the loopback it has', { frontchannelLogoutUri: 'http://127.0.0.1:9/frame' }],
    ['no confirmation', { skipLogoutConsent: true }],
  ])('may name %s', (_name, logout) => {
    expect(problemOf(logout)).toBe('');
  });

  it.each<[string, LogoutRegistration]>([
    ['a script to be sent to', { postLogoutRedirectUris: ['javascript:alert(1)'] }],
    ['a wildcard', { postLogoutRedirectUris: ['https://rp.example/*'] }],
    ['a fragment', { postLogoutRedirectUris: ['https://rp.example/#f'] }],
    ['plain http elsewhere', { postLogoutRedirectUris: ['http://rp.example/'] }],
    ['too many pages', { postLogoutRedirectUris: Array.from({ length: 101 }, (_, n) => `https://rp.example/${n}`) }],
    ...[
      'http://rp.example/logout',
      'ftp://rp.example/logout',
      'file:///etc/passwd',
      'https://user@rp.example/logout',
      'https://rp.example/logout#f',
      'https://rp.example\\@127.0.0.1/',
      'https://localhost/logout',
      'https://localhost./logout',
      'https://a.localhost/logout',
      'https://127.0.0.1/logout',
      'https://2130706433/logout',
      'https://0x7f.1/logout',
      'https://0177.0.0.1/logout',
      'https://[::1]/logout',
      'https://[::ffff:127.0.0.1]/logout',
      'https://[64:ff9b::7f00:1]/logout',
      'https://169.254.169.254/latest/meta-data',
      'https://intranet/logout',
      `https://rp.example/${'x'.repeat(1024)}`,
    ].map((uri): [string, LogoutRegistration] => [
      `the back channel ${uri}`.slice(0, 60),
      { backchannelLogoutUri: uri },
    ]),
    ['a frame of another origin', { frontchannelLogoutUri: 'https://evil.example/frame' }],
    ['a frame on another port', { frontchannelLogoutUri: 'https://rp.example:8443/frame' }],
    ['a frame over http', { frontchannelLogoutUri: 'http://rp.example/frame' }],
    ['a frame of a scheme of its own', { frontchannelLogoutUri: 'com.example.app:/frame' }],
    ['a frame with a session of its choice', { frontchannelLogoutUri: 'https://rp.example/frame?sid=x' }],
  ])('may not name %s', (_name, logout) => {
    expect(problemOf(logout)).toMatch(/^invalid_client_metadata /);
  });

  it('may name a local host for the back channel where the operator lets it through', () => {
    const allowed = (host: string): boolean => host === '127.0.0.1';
    expect(problemOf({ backchannelLogoutUri: 'https://127.0.0.1:8443/logout' }, allowed)).toBe('');
    expect(problemOf({ backchannelLogoutUri: 'https://2130706433/logout' }, allowed)).toBe('');
    expect(problemOf({ backchannelLogoutUri: 'http://127.0.0.1/logout' }, allowed)).not.toBe('');
  });

  it('keep the confirmation for public clients', () => {
    const client = sampleClient({ public: true, logout: { skipLogoutConsent: true } });
    expect(() => validateLogoutRegistration(client, () => false)).toThrow(OAuth2Error);
  });
});
