export { createMemoryClientStore, type MemoryClientStore } from './memory-client-store.js';
export { createMemoryTokenStore, type MemoryTokenStore } from './memory-token-store.js';
export { clientStoreContract, type ClientStoreHarness } from './client-store.contract.js';
export { sampleClient } from './sample-client.js';
export type { TokenStoreHarness } from './token-fixture.js';
export { statelessTokenStoreContract, type StatelessTokenHarness } from './stateless-token-store.contract.js';
export { tokenInspectionContract, type TokenInspectionHarness } from './token-inspection.contract.js';
export { tokenStoreContract } from './token-store.contract.js';
export {
  authorizationRequestStoreContract,
  type AuthorizationRequestStoreHarness,
} from '../authorization/authorization-request-store.contract.js';
export { createMemoryAuthorizationRequestStore } from './memory-authorization-request-store.js';
export { assertionStoreContract, type AssertionStoreHarness } from './assertion-store.contract.js';
export { createMemoryAssertionStore } from './memory-assertion-store.js';
export { createLocalAccessTokenSigner } from './local-access-token-signer.js';
export { createMemoryWeb } from './memory-web.js';
export { createMemoryRegistrationStore } from './memory-registration-store.js';
export { registrationStoreContract, type RegistrationStoreHarness } from './registration-store.contract.js';
export { createMemoryLogoutRequestStore } from './memory-logout-request-store.js';
export { logoutRequestStoreContract, type LogoutRequestStoreHarness } from './logout-request-store.contract.js';
export { createMemoryOutboxStore } from './memory-outbox-store.js';
export { outboxStoreContract, type OutboxStoreHarness } from './outbox-store.contract.js';
export { createMemoryResourceServerStore } from './memory-resource-server-store.js';
export { resourceServerStoreContract, type ResourceServerStoreHarness } from './resource-server-store.contract.js';
export { createMemoryConsentStore, type MemoryConsentStore } from './memory-consent-store.js';
export { createMemoryLoginSessionStore, type MemoryLoginSessionStore } from './memory-login-session-store.js';
export { interactionStoreContract } from '../interaction/interaction-store.contract.js';
export type { InteractionStoreHarness } from './interaction-fixtures.js';
