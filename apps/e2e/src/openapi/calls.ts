import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Call } from './documented-api.js';

/** Operations with what to ask them, one after the other. */
export type Calls = readonly (readonly [id: string, call?: Call])[];

/** The relying party that the walks of browsers come from. */
export const rp = ['rp', 'a-long-secret-of-the-relying-party'] as const;

const flows = { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], response_types: ['code'] };
const policy = { subjects: ['alice'], effect: 'allow', resources: ['photos:<.*>'], actions: ['read'] };

/** Clients and resource servers: made, read, changed, and gone. `rp` and `old` stay. */
export function clientCalls(callback: string): Calls {
  const path = { id: 'made' };
  const prefixed = { client_id: 'made2', ...flows, redirect_uris: [callback] };
  const browsing = {
    client_secret: rp[1],
    redirect_uris: [callback],
    ...flows,
    scope: 'openid offline',
    // Nobody listens there.
    backchannel_logout_uri: 'https://127.0.0.1:9/backchannel',
  };
  return [
    ['createClient', { json: { id: 'made', client_secret: 'a-chosen-secret', ...flows, scope: 'openid' } }],
    ['createClient', { json: { id: rp[0], ...browsing } }],
    ['createClient', { json: { id: 'old', ...browsing, login_consent_flow: 'consent-request' } }],
    ['listClients'],
    ['getClient', { path }],
    [
      'updateClient',
      {
        path,
        json: {
          ...flows,
          scope: 'openid',
          contacts: ['a@example.org'],
          lifespans: { client_credentials_grant_access_token_lifespan: '5m' },
        },
      },
    ],
    ['rotateClientSecret', { path, json: { overlap: '1h' } }],
    ['getClient', { path }],
    ['deleteClient', { path }],
    ['createOAuth2Client', { json: prefixed }],
    ['listOAuth2Clients', { query: { page_size: '1' } }],
    ['getOAuth2Client', { path: { id: 'made2' } }],
    ['setOAuth2Client', { path: { id: 'made2' }, json: prefixed }],
    ['patchOAuth2Client', { path: { id: 'made2' }, json: [{ op: 'replace', path: '/client_name', value: 'New' }] }],
    ['setOAuth2ClientLifespans', { path: { id: 'made2' }, json: { implicit_grant_id_token_lifespan: '1m' } }],
    ['rotateOAuth2ClientSecret', { path: { id: 'made2' } }],
    ['deleteRotatedOAuth2ClientSecrets', { path: { id: 'made2' } }],
    ['deleteOAuth2Client', { path: { id: 'made2' } }],
    ['putResourceServer', { path: { id: 'rs' }, json: { uri: 'https://rs.example', access_token_lifespan: '5m' } }],
    ['listResourceServers'],
    ['deleteResourceServer', { path: { id: 'rs' } }],
    ['revokeGrants', { query: { client_id: 'rp', subject: 'nobody' } }],
    ['deleteOAuth2Token', { query: { client_id: 'made' } }],
  ];
}

/** Key sets and the rotation of one of the product's own. */
export function keyCalls(): Calls {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const jwk = { kty: 'oct', alg: 'HS256', kid: 'k', k: randomBytes(32).toString('base64url') };
  const path = { set: 'mine', key: 'k' };
  return [
    ['generateKey', { path, json: { alg: 'ES256', kid: 'first' } }],
    ['getKeySet', { path }],
    ['getKey', { path: { set: 'mine', key: 'public:first' } }],
    ['getKey', { path: { set: 'mine', key: 'public:first' }, headers: { Accept: 'application/x-pem-file' } }],
    ['putKeySet', { path, json: { keys: [jwk] } }],
    ['putKey', { path, json: jwk }],
    ['deleteKey', { path }],
    ['importKey', { path: { set: 'imported' }, json: { pem: String(pem), kid: 'i', alg: 'ES256' } }],
    ['deleteKeySet', { path: { set: 'imported' } }],
    ['createJsonWebKeySet', { path: { set: 'mine2' }, json: { alg: 'ES256', kid: 'second' } }],
    ['getJsonWebKeySet', { path: { set: 'mine2' } }],
    ['getJsonWebKey', { path: { set: 'mine2', key: 'second' } }],
    ['setJsonWebKeySet', { path: { set: 'mine2' }, json: { keys: [jwk] } }],
    ['setJsonWebKey', { path: { set: 'mine2', key: 'k' }, json: jwk }],
    ['deleteJsonWebKey', { path: { set: 'mine2', key: 'k' } }],
    ['createJsonWebKeySet', { path: { set: 'mine2' }, json: { alg: 'ES256' } }],
    ['deleteJsonWebKeySet', { path: { set: 'mine2' } }],
    ['getRotation'],
    ['rotate', { path: { set: 'hydra.openid.id-token' }, json: {} }],
    ['rotateAtOnce', { path: { set: 'hydra.openid.id-token' }, json: {} }],
  ];
}

/** Policies, groups and decisions; `filled` and `thrown` are imports that have begun. */
export function policyCalls(bearer: string, filled: string, thrown: string): Calls {
  const path = { id: 'p' };
  const conditions = { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } };
  const bounds = { valid_from: '2020-01-01T00:00:00Z', conditions };
  const subject = { type: 'user', id: 'alice' };
  const evaluation = { subject, action: { name: 'read' }, resource: { type: 'photo', id: 'photos:1' } };
  return [
    ['createPolicy', { json: { id: 'p', ...policy } }],
    ['getPolicy', { path }],
    ['putPolicy', { path, json: { id: 'p', ...policy, ...bounds } }],
    ['listPolicies', { query: { limit: '3', offset: '0' } }],
    ['listPolicyVersions', { path, query: { limit: '2' } }],
    ['explain', { json: { subject: 'alice', resource: 'photos:1', action: 'read' } }],
    ['rollBackPolicy', { path, json: { version: 1, reason: 'it was better' } }],
    ['exportPolicies', { query: { limit: '1' } }],
    ['stagePolicies', { path: { id: filled }, json: { policies: [{ id: 'q', ...policy }] } }],
    ['commitPolicyImport', { path: { id: filled }, json: { reason: 'more' } }],
    ['abortPolicyImport', { path: { id: thrown } }],
    ['createGroup', { json: { id: 'g', members: [] } }],
    ['addMembers', { path: { id: 'g' }, json: { members: ['bob'] } }],
    ['findGroups', { query: { member: 'bob' } }],
    ['findGroups', { query: { member: 'nobody' } }],
    ['getGroup', { path: { id: 'g' } }],
    ['removeMembers', { path: { id: 'g' }, json: { members: ['bob'] } }],
    ['deleteGroup', { path: { id: 'g' } }],
    ['allowed', { json: { subject: 'alice', resource: 'photos:1', action: 'read' } }],
    ['allowed', { json: {} }],
    ['tokenAllowed', { json: { token: bearer, scopes: ['hydra'], resource: 'rn:hydra:clients', action: 'get' } }],
    ['tokenAllowed', { json: { token: 'none', resource: 'r', action: 'a' } }],
    ['explain', { json: { subject: 'alice', resource: 'videos:1', action: 'read' } }],
    ['listDecisions', { query: { limit: '5', allowed: 'true' } }],
    ['accessEvaluation', { json: evaluation }],
    ['accessEvaluations', { json: evaluation }],
    ['accessEvaluations', { json: { ...evaluation, evaluations: [{}, { action: { name: 'write' } }] } }],
    ['explainToken', { json: { token: bearer, scopes: ['hydra'], resource: 'rn:hydra:clients', action: 'get' } }],
    ['explainToken', { json: { token: 'none' } }],
    ['introspectOAuth2Token', { form: { token: bearer } }],
    ['introspectOAuth2Token', { form: { token: 'none' } }],
    ['healthStats'],
    ['authzenMetadata'],
    ['deletePolicy', { path }],
    ['listPolicyVersions', { path }],
  ];
}
