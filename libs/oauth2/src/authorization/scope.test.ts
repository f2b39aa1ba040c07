import { describe, expect, it } from 'vitest';
import { sampleClient } from '../testing/sample-client.js';
import { checkScopes } from './scope.js';

const client = sampleClient({ scopes: ['openid', 'photos'] });
const scopesOf = (scope: string, scopePolicy?: 'strict' | 'narrow') =>
  checkScopes(new Map([['scope', scope]]), {
    ...{ client, stateMinLength: 0, requirePkce: false },
    ...(scopePolicy !== undefined ? { scopePolicy } : {}),
  });

describe('the scopes of an authorization request', () => {
  it.each([undefined, 'strict'] as const)('are refused together when one is not allowed (%s)', (policy) => {
    expect(() => scopesOf('openid admin', policy)).toThrow("the client may not ask for 'admin'");
    expect(scopesOf('openid photos.read', policy)).toEqual(['openid', 'photos.read']);
  });

  it('are narrowed to what the client may ask for where the server narrows, and never widened', () => {
    expect(scopesOf('openid admin photos photosX', 'narrow')).toEqual(['openid', 'photos']);
    expect(scopesOf('openid', 'narrow')).toEqual(['openid']);
    expect(scopesOf('', 'narrow')).toEqual([]);
  });

  it('are refused where nothing would remain', () => {
    expect(() => scopesOf('admin', 'narrow')).toThrow("'admin'");
  });
});
