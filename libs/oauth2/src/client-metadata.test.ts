import { describe, expect, it } from 'vitest';
import { allowsGrantType, allowsResponseType, type Client } from './client.js';
import { readAuthMethod, validateClient } from './client-metadata.js';
import { sampleClient } from './testing/sample-client.js';

describe('client metadata', () => {
  it.each([
    'conf',
    'a',
    '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
    'team:billing',
    'app@example.org',
    'A_b.c~d-e',
    'x'.repeat(255),
    '__proto__',
  ])('accepts the id %s', (id) => {
    expect(validateClient(sampleClient({ id })).client.id).toBe(id);
  });

  it.each(['', '.', '..', 'a b', 'a/b', 'a%2Fb', 'a+b', 'ä', 'a\u0000', '<.*>', 'a#b', 'a?b', 'x'.repeat(256)])(
    'refuses the id %j',
    (id) => {
      expect(() => validateClient(sampleClient({ id }))).toThrowError(
        expect.objectContaining({ code: 'invalid_client_metadata', status: 400 }),
      );
    },
  );

  const refused: [string, Partial<Client>, string][] = [
    [
      'a redirection URI that may not be registered',
      { redirectUris: ['https://a.example/#x'] },
      'invalid_redirect_uri',
    ],
    ['an empty redirection URI', { redirectUris: [''] }, 'invalid_client_metadata'],
    [
      '101 redirection URIs',
      { redirectUris: Array.from({ length: 101 }, (_, i) => `https://a.example/${i}`) },
      'invalid_client_metadata',
    ],
    ['an unknown grant type', { grantTypes: ['authorization_code', 'magic'] }, 'invalid_client_metadata'],
    ['a grant type named like a member of objects', { grantTypes: ['constructor'] }, 'invalid_client_metadata'],
    ['an unknown response type', { responseTypes: ['code', 'none'] }, 'invalid_client_metadata'],
    ['a response type with a word twice', { responseTypes: ['code code'] }, 'invalid_client_metadata'],
    ['a response type with two spaces', { responseTypes: ['code  token'] }, 'invalid_client_metadata'],
    ['a scope outside the grammar', { scopes: ['a"b'] }, 'invalid_scope'],
    ['a name that reorders text', { name: 'safe\u202egnp.exe' }, 'invalid_client_metadata'],
    ['a name with a control character', { name: 'a\u0007' }, 'invalid_client_metadata'],
    ['a name of more than a kilobyte', { name: 'x'.repeat(1025) }, 'invalid_client_metadata'],
    ['an owner with a line break', { owner: 'a\nb' }, 'invalid_client_metadata'],
    ['a contact with a control character', { contacts: ['a\u0000'] }, 'invalid_client_metadata'],
    ['a policy page that runs', { policyUri: 'javascript:alert(1)' }, 'invalid_client_metadata'],
    ['a logo that is no URL', { logoUri: 'https://[' }, 'invalid_client_metadata'],
    [
      'a public client with a secret method',
      { public: true, tokenEndpointAuthMethod: 'client_secret_basic' },
      'invalid_client_metadata',
    ],
    ['a confidential client without a method', { tokenEndpointAuthMethod: 'none' }, 'invalid_client_metadata'],
  ];
  it.each(refused)('refuses %s', (_, changes, code) => {
    expect(() => validateClient(sampleClient(changes))).toThrowError(expect.objectContaining({ code, status: 400 }));
  });

  it('accepts what the guide registers', () => {
    const { client, warnings } = validateClient(
      sampleClient({
        id: 'some-consumer',
        redirectUris: ['http://localhost:9010/callback'],
        grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
        responseTypes: ['token', 'code', 'id_token'],
        scopes: ['openid', 'offline'],
      }),
    );
    expect(client.responseTypes).toEqual(['token', 'code', 'id_token']);
    expect(warnings).toEqual([]);
  });

  it('accepts the root client of the original, with its inert grant type', () => {
    const grantTypes = ['implicit', 'refresh_token', 'authorization_code', 'password', 'client_credentials'];
    expect(validateClient(sampleClient({ grantTypes })).client.grantTypes).toEqual(grantTypes);
  });

  it('reads authorize_code as authorization_code and says so', () => {
    const { client, warnings } = validateClient(sampleClient({ grantTypes: ['authorize_code'] }));
    expect(client.grantTypes).toEqual(['authorization_code']);
    expect(warnings).toEqual([expect.stringContaining('authorization_code')]);
  });

  it('keeps each entry once', () => {
    const twice = sampleClient({ redirectUris: ['https://a.example/', 'https://a.example/'], scopes: ['a', 'a'] });
    expect(validateClient(twice).client).toMatchObject({ redirectUris: ['https://a.example/'], scopes: ['a'] });
  });

  it('knows four authentication methods, and says why not a fifth', () => {
    expect(readAuthMethod('')).toBeUndefined();
    expect(readAuthMethod('none')).toBe('none');
    expect(readAuthMethod('private_key_jwt')).toBe('private_key_jwt');
    expect(() => readAuthMethod('client_secret_jwt')).toThrowError(
      expect.objectContaining({ code: 'invalid_client_metadata', hint: expect.stringContaining('keeps none') }),
    );
  });
});

describe('a registered client', () => {
  it.each([
    [[], 'authorization_code', true],
    [[], 'client_credentials', false],
    [['client_credentials'], 'client_credentials', true],
    [['client_credentials'], 'authorization_code', false],
  ])('with grant types %j may use %s: %j', (grantTypes, type, allowed) => {
    expect(allowsGrantType(sampleClient({ grantTypes }), type)).toBe(allowed);
  });

  it.each([
    [[], 'code', true],
    [[], 'token', false],
    [['code'], 'code', true],
    [['code'], 'code id_token', false],
    [['code', 'id_token'], 'code id_token', true],
    [['code', 'id_token'], 'id_token code', true],
    [['code id_token'], 'id_token code', true],
    [['code id_token'], 'code', false],
    [['token', 'code', 'id_token'], 'code token id_token', true],
    [['code token'], 'code token id_token', false],
  ])('with response types %j may use %s: %j', (responseTypes, type, allowed) => {
    expect(allowsResponseType(sampleClient({ responseTypes }), type.split(' '))).toBe(allowed);
  });
});
