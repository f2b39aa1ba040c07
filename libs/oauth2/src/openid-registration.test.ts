import { describe, expect, it } from 'vitest';
import type { OpenIdRegistration } from './client.js';
import { validateClient } from './client-metadata.js';
import { readOpenIdRegistration, sectorOf } from './openid-registration.js';
import { sampleClient } from './testing/sample-client.js';

const none = {
  applicationType: '',
  subjectType: '',
  sectorIdentifierUri: '',
  idTokenSignedResponseAlg: '',
  userinfoSignedResponseAlg: '',
  defaultAcrValues: [],
  initiateLoginUri: '',
  requestUris: [],
  requestObjectSigningAlg: '',
};

function problemOf(openid: OpenIdRegistration, changes: Parameters<typeof sampleClient>[0] = {}): string {
  try {
    validateClient(sampleClient({ openid, ...changes }));
    return '';
  } catch (cause) {
    return String(cause);
  }
}

describe('the OpenID Connect members of a registration', () => {
  it('are absent when every one is empty', () => {
    expect(readOpenIdRegistration(none)).toBeUndefined();
  });

  it('keep what was given, a default_max_age of 0 too', () => {
    const members = { ...none, subjectType: 'pairwise', defaultMaxAge: 0, defaultAcrValues: ['urn:a'] };
    expect(readOpenIdRegistration(members)).toEqual({
      subjectType: 'pairwise',
      defaultMaxAge: 0,
      defaultAcrValues: ['urn:a'],
    });
  });

  it.each([
    ['application_type', { applicationType: 'desktop' }],
    ['subject_type', { subjectType: 'secret' }],
  ])('refuse an unknown %s', (member, members) => {
    expect(() => readOpenIdRegistration({ ...none, ...members })).toThrow(member);
  });

  it.each([
    'http://login.example/',
    'https://user@login.example/',
    'https://login.example/#a',
    'https://login.example\\@evil.example/',
    'javascript:alert(1)',
  ])('refuse the initiate_login_uri and sector_identifier_uri %s', (uri) => {
    expect(problemOf({ initiateLoginUri: uri })).toContain('initiate_login_uri');
    expect(problemOf({ sectorIdentifierUri: uri })).toContain('sector_identifier_uri');
  });

  it.each([
    ['web', 'com.example.app:/cb', ['authorization_code'], 'https'],
    ['web', 'https://localhost/cb', ['implicit'], 'not local'],
    ['web', 'http://localhost:3000/cb', ['implicit'], 'not local'],
    ['web', 'http://localhost:3000/cb', ['authorization_code'], ''],
    ['native', 'com.example.app:/cb', ['authorization_code'], ''],
    ['native', 'http://127.0.0.1/cb', ['authorization_code'], ''],
  ] as const)('judge a %s application with %s and %j', (applicationType, uri, grantTypes, problem) => {
    const found = problemOf({ applicationType }, { redirectUris: [uri], grantTypes });
    expect(problem === '' ? found === '' : found.includes(problem)).toBe(true);
  });

  it('name one sector for pairwise subjects', () => {
    const several = { redirectUris: ['https://a.example/cb', 'https://b.example/cb'] };
    expect(problemOf({ subjectType: 'pairwise' }, several)).toContain('sector_identifier_uri');
    expect(problemOf({ subjectType: 'pairwise', sectorIdentifierUri: 'https://s.example/list' }, several)).toBe('');
    expect(sectorOf({ openid: { sectorIdentifierUri: 'https://s.example/list' }, ...several })).toBe('s.example');
    expect(sectorOf({ redirectUris: ['https://a.example/1', 'https://a.example/2'] })).toBe('a.example');
  });

  it.each(['http://rp.example/r', 'https://127.0.0.1/r', 'https://localhost/r', 'https://rp.example/r#a=b'])(
    'refuse the request_uri %s',
    (uri) => {
      expect(problemOf({ requestUris: [uri] })).toContain('request_uris');
    },
  );

  it('take a request_uri with a hash in its fragment', () => {
    expect(problemOf({ requestUris: ['https://rp.example/r#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM'] })).toBe('');
  });

  it.each([-1, 1.5, Number.NaN])('refuse the default_max_age %d', (defaultMaxAge) => {
    expect(problemOf({ defaultMaxAge })).toContain('default_max_age');
  });
});
