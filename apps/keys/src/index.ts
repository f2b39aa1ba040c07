// The key manager as a service: key sets for the admin API, signatures for the token service, and the certificate of
// `castellan host`. It holds the system secret; private keys of the product's own sets never leave it.
export { type CertificateKey, type KeyManager, type KeyManagerDependencies, openKeyManager } from './key-manager.js';
export { type KeysConfig, keysVariables, readKeysConfig } from './keys.config.js';
export { KeysModule } from './keys.module.js';
export { type ServerCertificate, serverCertificate, type ServerNames } from './server-certificate.js';
