import type { AdminApi } from '../admin-api.js';

export const consentClientId = 'consent-app';
const policyId = 'consent-app-policy';

/**
 * Makes the client of the consent app and the policy that lets it read the keys of the consent flow, as an operator would: through
 * the public API. What is there already is left alone.
 */
export async function ensureConsentClient(api: AdminApi, secret: string): Promise<void> {
  const failure = 'Could not set up the consent app';
  if (!(await isPresent(api, ['clients', consentClientId]))) {
    await api.post({
      failure,
      path: ['clients'],
      json: {
        id: consentClientId,
        client_name: 'Consent App Client',
        client_secret: secret,
        grant_types: ['client_credentials'],
        response_types: ['token'],
        scope: 'hydra.keys.get',
        public: false,
      },
    });
  }
  if (!(await isPresent(api, ['policies', policyId]))) {
    await api.post({
      failure,
      path: ['policies'],
      json: {
        id: policyId,
        description: 'Lets the consent app read the keys of the consent flow',
        subjects: [consentClientId],
        effect: 'allow',
        resources: ['rn:hydra:keys:hydra.consent.<.*>'],
        actions: ['get'],
        conditions: {},
      },
    });
  }
}

async function isPresent(api: AdminApi, path: readonly string[]): Promise<boolean> {
  return (await api.find({ failure: 'Could not set up the consent app', path })) !== undefined;
}
