import type { PeerTable, tokenV1 } from '@castellan/rpc';

/** Who may call which rpc of Tokens: the doors for their callers, the Warden for token checks, the admin API after it asked the Warden. */
export const tokensPeers: PeerTable<typeof tokenV1.TokensService> = {
  issueToken: ['gateway'],
  revokeToken: ['gateway'],
  introspectForCaller: ['gateway'],
  introspect: ['warden'],
  inspectToken: ['admin'],
  getMetadata: ['gateway'],
};

/** Who may call which rpc of Clients: the admin API, which asks the Warden first. */
export const clientsPeers: PeerTable<typeof tokenV1.ClientsService> = {
  createClient: ['admin'],
  createFirstClient: ['admin'],
  getClient: ['admin'],
  listClients: ['admin'],
  listClientPage: ['admin'],
  updateClient: ['admin'],
  rotateClientSecret: ['admin'],
  endRotatedSecret: ['admin'],
  revokeGrants: ['admin'],
  putResourceServer: ['admin'],
  listResourceServers: ['admin'],
  deleteResourceServer: ['admin'],
  deleteClient: ['admin'],
};
