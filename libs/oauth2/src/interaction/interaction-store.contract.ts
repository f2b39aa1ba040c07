import { describe } from 'vitest';
import { interactionFixtures, type InteractionStoreHarness } from '../testing/interaction-fixtures.js';
import { consentStoreContract } from './consent-store.contract.js';
import { interactionStepsContract } from './interaction-steps.contract.js';
import { loginSessionStoreContract } from './login-session-store.contract.js';

/** What every store of interactions, login sessions and consents must do. */
export function interactionStoreContract(name: string, open: () => Promise<InteractionStoreHarness>): void {
  describe(`interaction store contract: ${name}`, () => {
    const fixtures = interactionFixtures(open);
    interactionStepsContract(fixtures);
    loginSessionStoreContract(fixtures);
    consentStoreContract(fixtures);
  });
}
