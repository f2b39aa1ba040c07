import { envoyAuthV3, EnvoyStatusCode, wardenV1 } from '@castellan/rpc';
import { describe, expect, it } from 'vitest';
import { allow, deny, readEnvoyRequest } from './envoy-request.js';

function attributesOf(http: object, extensions: Record<string, string> = {}): envoyAuthV3.CheckRequest['attributes'] {
  return envoyAuthV3.CheckRequest.fromPartial({
    attributes: {
      source: { address: { socketAddress: { address: '10.0.0.7' } } },
      request: {
        http: {
          method: 'GET',
          path: '/a/b?x=1',
          host: 'Api.Example',
          headers: new Map([['authorization', 'Bearer tok.en']]),
          ...http,
        },
      },
      contextExtensions: new Map(Object.entries(extensions)),
    },
  }).attributes;
}

describe('a request that came to Envoy', () => {
  it('is about its host, path and method', () => {
    expect(readEnvoyRequest(attributesOf({}))).toEqual({
      check: {
        token: 'tok.en',
        scopes: [],
        resource: 'http:api.example:/a/b',
        action: 'get',
        context: { ip: '10.0.0.7', host: 'api.example', method: 'GET', path: '/a/b' },
      },
    });
  });

  it('is about what its route says', () => {
    const extensions = { resource: 'rn:articles', action: 'read', scopes: 'articles  news' };
    expect(readEnvoyRequest(attributesOf({ path: '//x' }, extensions))).toMatchObject({
      check: { resource: 'rn:articles', action: 'read', scopes: ['articles', 'news'] },
    });
  });

  it('is about a token for the audience of its route', () => {
    const read = readEnvoyRequest(attributesOf({}, { audience: 'https://api.example' }));
    expect(read).toMatchObject({ check: { audience: 'https://api.example' } });
  });

  it.each(['', 'Basic eDp5', 'Bearer', 'Bearer a b', 'Bearer a, Bearer b'])(
    'shows no token with %j',
    (authorization) => {
      const headers = new Map([['authorization', authorization]]);
      expect(readEnvoyRequest(attributesOf({ headers }))).toEqual({ denial: { kind: 'no_token' } });
    },
  );

  it.each([
    '',
    'a',
    '//',
    '/a/../b',
    '/a/..',
    '/.',
    '/a/./b',
    '/a%2Fb',
    '/%2e%2e/b',
    '/a\\b',
    '/a;b',
    '/a//b',
    '/a%00',
  ])('has no one name at %j', (path) => {
    expect(readEnvoyRequest(attributesOf({ path }))).toEqual({ denial: { kind: 'ambiguous_path' } });
  });

  it('has nothing to say without attributes', () => {
    expect(readEnvoyRequest(undefined)).toEqual({ denial: { kind: 'no_token' } });
  });
});

describe('an answer to Envoy', () => {
  it('overwrites what the request claims of itself', () => {
    const token = wardenV1.TokenFacts.fromPartial({ subject: 'peter', clientId: 'ümlaut', scopes: ['a', 'b'] });
    const { okResponse } = allow(token);
    expect(okResponse?.headers).toEqual([
      { header: { key: 'x-castellan-subject', value: 'peter' }, appendAction: 2 },
      { header: { key: 'x-castellan-scopes', value: 'a b' }, appendAction: 2 },
    ]);
    expect(okResponse?.headersToRemove).toEqual(['x-castellan-client-id']);
  });

  it.each([
    [{ kind: 'no_token' }, EnvoyStatusCode.Unauthorized, 16, 'Bearer'],
    [{ kind: 'ambiguous_path' }, EnvoyStatusCode.BadRequest, 3, undefined],
    [{ kind: 'decision', reason: 3, scopes: [] }, EnvoyStatusCode.Unauthorized, 16, 'Bearer error="invalid_token"'],
    [
      { kind: 'decision', reason: 4, scopes: ['a', 'b'] },
      EnvoyStatusCode.Forbidden,
      7,
      'Bearer error="insufficient_scope", scope="a b"',
    ],
    [{ kind: 'decision', reason: 1, scopes: [] }, EnvoyStatusCode.Forbidden, 7, undefined],
    [{ kind: 'decision', reason: 2, scopes: [] }, EnvoyStatusCode.Forbidden, 7, undefined],
    [{ kind: 'decision', reason: 5, scopes: [] }, EnvoyStatusCode.Forbidden, 7, undefined],
  ] as const)('refuses %j', (denial, status, code, challenge) => {
    const { status: answered, deniedResponse } = deny(denial);
    expect([answered?.code, deniedResponse?.status?.code]).toEqual([code, status]);
    expect(deniedResponse?.headers[0]?.header?.value).toBe(challenge);
  });
});
