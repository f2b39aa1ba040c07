// JSON Web Keys: which keys are sound, how a set names them, how they are sealed at rest, and signatures made with them.
// Follows RFC 7515 (JWS), 7517 (JWK), 7518 (algorithms), 7638 (thumbprints), 8037 (EdDSA).
// It knows no database, no network and no clock: stores, time and random bytes are passed in. Keys made here are the one
// exception: node:crypto draws their randomness itself.
export { keyFromPkcs8, readPem, writePublicPem } from './pem.js';
export { findAlgorithm, type KeyType, type SignatureAlgorithm, signatureAlgorithms } from './algorithm.js';
export { decodeBase64url } from './base64url.js';
export { DEFAULT_RSA_BITS, generateKey, type KeyGeneration } from './generate-key.js';
export { formatJwk, type Jwk, type KeyPart, type NamedJwk, partOf, publicPart } from './jwk.js';
export { type JwsHeaderMembers, signJws } from './jws-sign.js';
export {
  JwsError,
  type JwsErrorCode,
  type JwsVerification,
  type VerifiedJws,
  verifyJws,
  verifyJwt,
} from './jws-verify.js';
export { type HydraImport, type HydraKey, importHydraKeys } from './import-hydra.js';
export { openHydraKey } from './hydra-key.js';
export { KeyError, type KeyErrorCode } from './key-error.js';
export { createKeyRing, type KeyRing } from './key-ring.js';
export { createKeySets, type KeyRequest, type KeyNames, type KeySets, type KeySetsOptions } from './key-sets.js';
export type {
  KeyActor,
  KeySetChange,
  KeySetSnapshot,
  KeyStore,
  NewKey,
  SecretUse,
  SignatureCount,
  StoredKey,
} from './key-store.js';
export type { KeyView } from './key-view.js';
export {
  type KeyLife,
  type KeyState,
  type LifeChange,
  type LifeRules,
  type LivingKey,
  overlapMs,
  visibleMs,
} from './life-cycle.js';
export { ensureOwnSets, readOwnKey, replaceOwnKey } from './own-keys.js';
export {
  findOwnSet,
  type LivingSet,
  livingSets,
  type OwnSet,
  ownSets,
  type Purpose,
  setOfPurpose,
  setsOfPurpose,
  TLS_SET,
} from './own-sets.js';
export { createRotation, type Rotation, type RotationOptions, type SetRules } from './rotation.js';
export type { PlannedKey, SetPlan } from './rotation-plan.js';
export { MAX_RSA_BITS, MIN_RSA_BITS } from './rsa-key.js';
export { createSealer, SealError, type SealedAs, type Sealer } from './seal.js';
export {
  checkSystemSecret,
  checkSystemSecrets,
  deriveKey,
  deriveServiceSecret,
  deriveServiceSecrets,
  type DerivedSecretService,
  generateSystemSecret,
  inUseFirst,
  judgeClaim,
  keyId,
  parseSecretList,
  type SecretClaim,
  type SecretVerifier,
  secretVerifier,
  type SystemSecretCheck,
} from './secrets.js';
export { openSigner, type Signer } from './signer.js';
export { createSigning, type Signed, type Signing, type SigningOptions } from './signing.js';
export { isObject, parseStrictObject, StrictJsonError } from './strict-json.js';
export { thumbprint } from './thumbprint.js';
export { importJwk, validateJwk } from './validate-jwk.js';
