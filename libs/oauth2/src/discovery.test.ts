import { describe, expect, it } from 'vitest';
import { scopedClaims } from './userinfo-claims.js';
import { clientAssertionAlgorithms } from './client-assertion.js';
import { serverMetadata } from './discovery.js';

const assertionAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

describe('the metadata document', () => {
  const source = {
    issuer: 'https://issuer.example',
    idTokenAlgorithms: ['RS256'],
    registration: false,
    unsignedRequestObjects: false,
    loginSessions: false,
  };
  const metadata = serverMetadata(source);

  it('says what this server does', () => {
    expect(metadata).toEqual({
      issuer: 'https://issuer.example',
      authorization_endpoint: 'https://issuer.example/oauth2/auth',
      token_endpoint: 'https://issuer.example/oauth2/token',
      userinfo_endpoint: 'https://issuer.example/userinfo',
      jwks_uri: 'https://issuer.example/.well-known/jwks.json',
      revocation_endpoint: 'https://issuer.example/oauth2/revoke',
      introspection_endpoint: 'https://issuer.example/oauth2/introspect',
      response_types_supported: [
        'code',
        'token',
        'id_token',
        'id_token token',
        'code token',
        'code id_token',
        'code id_token token',
      ],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      grant_types_supported: ['authorization_code', 'implicit', 'client_credentials', 'refresh_token'],
      scopes_supported: ['openid', 'offline', 'offline_access', 'profile', 'email', 'address', 'phone'],
      subject_types_supported: ['public', 'pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      userinfo_signing_alg_values_supported: ['RS256'],
      claims_supported: [
        ...['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash', 'c_hash'],
        ...scopedClaims,
      ],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      revocation_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
      ],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
      revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
      introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      claims_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: true,
      require_request_uri_registration: true,
      request_object_signing_alg_values_supported: clientAssertionAlgorithms,
    });
  });

  it('promises nothing that is off', () => {
    const text = JSON.stringify(metadata);
    for (const absent of ['plain', 'registration_endpoint', 'password', 'logout', 'end_session', '"sid"', '"acr"']) {
      expect(text).not.toContain(absent);
    }
  });

  it('names the registration endpoint and unsigned request objects where they are on', () => {
    const on = serverMetadata({ ...source, registration: true });
    const objects = serverMetadata({ ...source, unsignedRequestObjects: true });
    expect(objects['request_object_signing_alg_values_supported']).toContain('none');
    expect(on['registration_endpoint']).toBe('https://issuer.example/oauth2/register');
  });

  it('speaks of logout where there are login sessions', () => {
    expect(serverMetadata({ ...source, loginSessions: true })).toMatchObject({
      end_session_endpoint: 'https://issuer.example/oauth2/sessions/logout',
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      claims_supported: expect.arrayContaining(['acr', 'amr', 'sid']) as unknown,
    });
  });
});
