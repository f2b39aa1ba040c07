import type { ConsentConfig } from '../consent.config.js';
import { CLIENT_ID, CLIENT_SECRET, type FakeAuthorizationServer } from './fake-authorization-server.js';

/** The configuration of an app before a server that stands in for ours, on a free port. */
export function consentConfig({ url }: Pick<FakeAuthorizationServer, 'url'>): ConsentConfig {
  return {
    port: 0,
    host: '127.0.0.1',
    serverUrl: url,
    adminUrl: url,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    readClients: false,
    trustedProxies: [],
  };
}
