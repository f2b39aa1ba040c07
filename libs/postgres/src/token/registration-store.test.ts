import { registrationStoreContract } from '@castellan/oauth2/testing';
import { createTestDatabase } from '../testing.js';
import { createClientStore } from './client-store.js';
import { createRegistrationStore } from './registration-store.js';

registrationStoreContract('PostgreSQL', async () => {
  const test = await createTestDatabase('token');
  return {
    clients: createClientStore(test.database),
    registrations: createRegistrationStore(test.database),
    advanceClock: (milliseconds) => test.advanceClock(milliseconds),
    close: () => test.drop(),
  };
});
