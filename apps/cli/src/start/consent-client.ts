import type { AdminApi } from '../admin-api.js';
import { members } from '../json.js';

export const consentClientId = 'consent-app';

const failure = 'Could not set up the consent app';
/** To read the keys of the 0.9 consent flow, and to answer login, consent and logout requests. */
const scopes = ['hydra.keys.get', 'hydra.consent'];

const policies = [
  {
    id: 'consent-app-policy',
    description: 'Lets the consent app read the keys of the consent flow',
    resources: ['rn:hydra:keys:hydra.consent.<.*>'],
    actions: ['get'],
  },
  {
    id: 'consent-app-requests-policy',
    description: 'Lets the consent app answer login, consent and logout requests',
    resources: ['rn:castellan:oauth2:auth:requests:<login|consent|logout>:<.*>'],
    actions: ['get', 'accept', 'reject'],
  },
  {
    id: 'consent-app-sessions-policy',
    description: 'Lets the consent app show people their sessions and consents, and end them',
    resources: ['rn:castellan:oauth2:auth:sessions:<login|consent>:<.*>'],
    actions: ['get', 'delete'],
  },
];

/**
 * Makes the client of the consent app and the policies that say what it may, as an operator would: through the public API.
 * What is there already is left alone, but for a scope that a client of an earlier release lacks.
 */
export async function ensureConsentClient(api: AdminApi, secret: string): Promise<void> {
  const path = ['clients', consentClientId];
  const client = await api.find({ failure, path });
  if (client === undefined) {
    await api.post({ failure, path: ['clients'], json: newClient(secret) });
  } else {
    const allowed = scopesOf(client);
    const missing = scopes.filter((scope) => !allowed.includes(scope));
    const json = { ...members(client), scope: [...allowed, ...missing].join(' ') };
    if (missing.length > 0) await api.put({ failure, path, json });
  }
  for (const policy of policies) {
    if ((await api.find({ failure, path: ['policies', policy.id] })) !== undefined) continue;
    const json = { ...policy, subjects: [consentClientId], effect: 'allow', conditions: {} };
    await api.post({ failure, path: ['policies'], json });
  }
}

function newClient(secret: string): object {
  return {
    id: consentClientId,
    client_name: 'Consent App Client',
    client_secret: secret,
    grant_types: ['client_credentials'],
    response_types: ['token'],
    scope: scopes.join(' '),
    public: false,
  };
}

function scopesOf(client: unknown): readonly string[] {
  const { scope } = members(client);
  return typeof scope === 'string' ? scope.split(' ').filter((each) => each !== '') : [];
}
