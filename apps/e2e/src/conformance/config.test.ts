import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { openSuite, type Suite } from './suite.js';

let suite: Suite;
beforeAll(async () => {
  suite = await openSuite();
});
afterAll(() => suite?.close());

describe('oidcc-config-certification-test-plan', () => {
  it('oidcc-discovery-endpoint-verification', async () => {
    const answer = await send(`${suite.product.issuer}/.well-known/openid-configuration`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const { metadata } = suite;
    expect(metadata['issuer']).toBe(suite.product.issuer);
    const list = (name: string) => metadata[name] as readonly string[];
    expect(list('response_types_supported')).toEqual(expect.arrayContaining(['code', 'id_token']));
    expect(list('response_types_supported').map(sorted)).toContain(sorted('token id_token'));
    expect(list('grant_types_supported')).toEqual(expect.arrayContaining(['authorization_code', 'implicit']));
    expect(list('subject_types_supported')).toEqual(expect.arrayContaining(['public', 'pairwise']));
    expect(list('id_token_signing_alg_values_supported')).toContain('RS256');
    expect(list('id_token_signing_alg_values_supported')).not.toContain('none');
    expect(list('userinfo_signing_alg_values_supported')).toContain('RS256');
    expect(list('request_object_signing_alg_values_supported')).toContain('RS256');
    expect(list('scopes_supported')).toEqual(expect.arrayContaining(['openid', 'offline_access', 'profile']));
    expect(list('claims_supported')).toEqual(expect.arrayContaining(['sub', 'name', 'email', 'phone_number']));
    expect(list('code_challenge_methods_supported')).toEqual(['S256']);
    expect([metadata['claims_parameter_supported'], metadata['request_uri_parameter_supported']]).toEqual([true, true]);
    for (const [name, value] of Object.entries(metadata)) {
      if (/_(?:endpoint|uri)$/.test(name)) expect(String(value)).toMatch(/^https:\/\//);
    }
  });

  it('oidcc-discovery: the keys are public, distinct, and fit to verify', async () => {
    const { keys } = JSON.parse((await send(String(suite.metadata['jwks_uri']))).text) as {
      keys: { [member: string]: string }[];
    };
    expect(keys.some(({ kty, alg }) => kty === 'RSA' && alg === 'RS256')).toBe(true);
    const ids = keys.map(({ kid }) => kid);
    expect(new Set(ids).size).toBe(keys.length);
    for (const key of keys) {
      expect([key['kid'], key['use']]).toEqual([expect.any(String), 'sig']);
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
    }
  });

  it('oidcc-discovery: the OAuth 2.0 metadata says the same (RFC 8414)', async () => {
    const answer = await send(`${suite.product.issuer}/.well-known/oauth-authorization-server`);
    expect(JSON.parse(answer.text)).toEqual(suite.metadata);
  });
});

function sorted(responseType: string): string {
  return responseType.split(' ').sort().join(' ');
}
