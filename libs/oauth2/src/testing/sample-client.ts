import type { Client } from '../client.js';

/** A client that may use every grant and scope of the tests, changed as the test says. */
export function sampleClient(changes: Partial<Client> = {}): Client {
  return {
    id: 'conf',
    name: '',
    redirectUris: ['https://rp.example/cb'],
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    responseTypes: ['code'],
    scopes: ['openid', 'offline', 'photos'],
    owner: '',
    policyUri: '',
    tosUri: '',
    clientUri: '',
    logoUri: '',
    contacts: [],
    public: false,
    requirePkce: false,
    ...changes,
  };
}
