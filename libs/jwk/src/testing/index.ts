export { createKeyManagerFixture } from './key-manager-fixture.js';
export { type KeyAuditLine, createMemoryKeyStore, type MemoryKeyStore } from './memory-key-store.js';
export { keyStoreContract, type KeyStoreUnderTest } from './key-store.contract.js';
export { signerContract, type SignerUnderTest } from './signer.contract.js';
