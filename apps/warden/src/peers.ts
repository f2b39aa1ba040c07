import type { envoyAuthV3, PeerTable, wardenV1 } from '@castellan/rpc';

/**
 * Who may ask for decisions. The token service asks `Check` alone: token checks would nest. What a `client` or a `bearer`
 * may ask is for policies to say (`caller.ts`).
 */
export const wardenPeers: PeerTable<typeof wardenV1.WardenService> = {
  check: ['admin', 'token', 'client', 'bearer'],
  checkToken: ['admin', 'client', 'bearer'],
  batchCheck: ['admin', 'client', 'bearer'],
  streamCheck: ['client', 'bearer'],
  explain: ['admin', 'client', 'bearer'],
};

/** Proxies ask with a certificate of their own, listed as any other program's. */
export const authorizationPeers: PeerTable<typeof envoyAuthV3.AuthorizationService> = { check: ['client'] };

/** Who may manage policies: the admin API, which asks the Warden first. */
export const policiesPeers: PeerTable<typeof wardenV1.PoliciesService> = {
  createPolicy: ['admin'],
  getPolicy: ['admin'],
  listPolicies: ['admin'],
  putPolicy: ['admin'],
  deletePolicy: ['admin'],
  listPolicyVersions: ['admin'],
  rollBackPolicy: ['admin'],
  exportPolicies: ['admin'],
  beginPolicyImport: ['admin'],
  stagePolicies: ['admin'],
  commitPolicyImport: ['admin'],
  abortPolicyImport: ['admin'],
};

/** Who may read what was decided. */
export const decisionsPeers: PeerTable<typeof wardenV1.DecisionsService> = { listDecisions: ['admin'] };

/** Who may manage groups. */
export const groupsPeers: PeerTable<typeof wardenV1.GroupsService> = {
  createGroup: ['admin'],
  getGroup: ['admin'],
  findGroups: ['admin'],
  deleteGroup: ['admin'],
  addMembers: ['admin'],
  removeMembers: ['admin'],
};
