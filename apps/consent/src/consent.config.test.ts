import { describe, expect, it } from 'vitest';
import { ConsentConfigError, readConsentConfig } from './consent.config.js';

const required = {
  HYDRA_URL: 'https://hydra:4444/',
  HYDRA_CLIENT_ID: 'consent-app',
  HYDRA_CLIENT_SECRET: 'consent-secret',
};

describe('the configuration of the consent app', () => {
  it('needs three variables and has defaults for the others', () => {
    expect(readConsentConfig(required)).toEqual({
      port: 3000,
      host: '0.0.0.0',
      serverUrl: 'https://hydra:4444',
      adminUrl: 'https://hydra:4444',
      clientId: 'consent-app',
      clientSecret: 'consent-secret',
      readClients: false,
      trustedProxies: [],
    });
  });

  it('reads every variable', () => {
    const config = readConsentConfig({
      ...required,
      PORT: '9020',
      HOST: '127.0.0.1',
      HYDRA_ADMIN_URL: 'https://admin:4446',
      HYDRA_CA_FILE: '/certs/ca.pem',
      CONSENT_SESSION_SECRET: 'sixteen characters',
      CONSENT_PUBLIC_URL: 'https://login.example/',
      CONSENT_READ_CLIENTS: '1',
      CONSENT_TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1',
      USERS_FILE: '/etc/users.json',
    });
    expect(config).toMatchObject({
      port: 9020,
      host: '127.0.0.1',
      adminUrl: 'https://admin:4446',
      caFile: '/certs/ca.pem',
      sessionSecret: 'sixteen characters',
      publicUrl: 'https://login.example',
      readClients: true,
      trustedProxies: ['10.0.0.0/8', '127.0.0.1'],
      usersFile: '/etc/users.json',
    });
  });

  it.each([
    ['a missing URL', { HYDRA_URL: '' }, 'HYDRA_URL is not set'],
    ['a URL that is none', { HYDRA_URL: 'hydra:4444' }, 'HYDRA_URL must be an http or https URL'],
    ['a missing secret', { HYDRA_CLIENT_SECRET: undefined }, 'HYDRA_CLIENT_SECRET is not set'],
    ['a port that is none', { PORT: 'http' }, 'PORT must be a port number'],
    [
      'a short session secret',
      { CONSENT_SESSION_SECRET: 'short' },
      'CONSENT_SESSION_SECRET must have at least 16 characters',
    ],
    [
      'a public URL with a path',
      { CONSENT_PUBLIC_URL: 'https://example.org/login' },
      'CONSENT_PUBLIC_URL must be an origin, without a path',
    ],
  ])('refuses %s and names the variable', (_name, env, message) => {
    expect(() => readConsentConfig({ ...required, ...env })).toThrow(new ConsentConfigError(message));
  });

  it('names all variables that are wrong, not only the first', () => {
    expect(() => readConsentConfig({})).toThrow(/HYDRA_URL[^]*HYDRA_CLIENT_ID[^]*HYDRA_CLIENT_SECRET/);
  });
});
