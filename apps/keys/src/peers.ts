import type { keysV1, PeerTable } from '@castellan/rpc';

/** Who may call which rpc of Keys: key sets are the admin API's business alone. */
export const keysPeers: PeerTable<typeof keysV1.KeysService> = {
  generateKey: ['admin'],
  nameKeySet: ['admin'],
  nameKey: ['admin'],
  getKeySet: ['admin'],
  getKey: ['admin'],
  putKeySet: ['admin'],
  putKey: ['admin'],
  importKey: ['admin'],
  deleteKeySet: ['admin'],
  deleteKey: ['admin'],
  getKeyPlan: ['admin'],
  rotateKey: ['admin'],
};

/** Who may call which rpc of Signing: only the token service has something to sign. */
export const signingPeers: PeerTable<typeof keysV1.SigningService> = {
  sign: ['token'],
  getVerificationKeys: ['token', 'gateway', 'admin'],
};
