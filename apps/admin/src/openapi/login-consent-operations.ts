import { named } from '@castellan/service';
import { z } from 'zod';

import { acceptConsentSchema, acceptLoginSchema, rejectSchema } from '../auth-request-json.js';
import { acceptLevel2Schema, rejectLevel2Schema } from '../consent-requests.http.js';
import { body, done, ok, type SomeOperations } from './admin-operation.js';
import { prefixedClientSchema } from './prefixed-client-operations.js';

const list = z.array(z.string());
const time = z.iso.datetime();

const redirectSchema = named(
  'RedirectTo',
  z.strictObject({ redirect_to: z.string().describe('Where the browser goes from here.') }),
);

const pending = {
  challenge: z.string(),
  requested_scope: list,
  requested_access_token_audience: list,
  skip: z.boolean().describe('Nobody needs to be asked.'),
  subject: z.string(),
  oidc_context: z.strictObject({
    acr_values: list.optional(),
    ui_locales: list.optional(),
    display: z.string().optional(),
    id_token_hint_claims: z.looseObject({}).optional(),
    login_hint: z.string().optional(),
  }),
  client: prefixedClientSchema.optional(),
  request_url: z.string(),
  expires_at: time,
  reason: z.string().optional().describe('Why somebody is asked.'),
};
const loginRequestSchema = named('LoginRequest', z.strictObject({ ...pending, session_id: z.string() }));
const consentRequestSchema = named(
  'ConsentRequest',
  z.strictObject({
    ...pending,
    login_session_id: z.string(),
    login_challenge: z.string().optional(),
    consent_request_id: z.string(),
    acr: z.string(),
    amr: list.optional(),
    context: z.unknown().optional().describe('What the login app left for the consent app.'),
  }),
);
const level2RequestSchema = named(
  'Level2ConsentRequest',
  z.strictObject({
    id: z.string(),
    requestedScopes: list,
    clientId: z.string(),
    expiresAt: time,
    redirectUrl: z.string(),
  }),
);
const logoutRequestSchema = named(
  'LogoutRequest',
  z.strictObject({
    challenge: z.string(),
    subject: z.string(),
    sid: z.string(),
    request_url: z.string(),
    rp_initiated: z.boolean(),
    requested_at: time,
    expires_at: time,
    client: prefixedClientSchema.optional(),
  }),
);

const consentSchema = named(
  'Consent',
  z.strictObject({
    consent_request: z.looseObject({ client: prefixedClientSchema.optional() }).describe('The request as it was kept.'),
    consent_request_id: z.string(),
    grant_scope: list,
    grant_access_token_audience: list,
    session: z.strictObject({ access_token: z.looseObject({}), id_token: z.looseObject({}) }),
    remember: z.boolean(),
    remember_for: z.int().describe('Seconds; 0 for ever.'),
    handled_at: time,
    context: z.unknown().optional(),
  }),
);
const loginSessionSchema = named(
  'LoginSession',
  z.strictObject({
    id: z.string(),
    subject: z.string(),
    authenticated_at: time,
    acr: z.string(),
    amr: list,
    remember: z.boolean(),
    created_at: time,
    expires_at: time,
    client_ids: list,
  }),
);

const deliverySchema = named(
  'LogoutDelivery',
  z.strictObject({
    id: z.string(),
    kind: z.string(),
    client_id: z.string(),
    subject: z.string(),
    sid: z.string().optional(),
    state: z.enum(['pending', 'dead']),
    attempts: z.int(),
    created_at: time,
    due_at: time.optional(),
    gives_up_at: time,
    problem: z.string().optional(),
  }),
);

const login = 'login and consent';
const logout = 'logout';
const sessions = 'sessions and consents';
const challenge = { id: 'The challenge that the browser brought.' };
const delivery = { id: 'The ID of the delivery.' };
const rejection = named('RejectBody', rejectSchema);
const refusals = [404];
const goOn = ok('Where the browser goes.', redirectSchema);

/** A request, or where the browser can start anew when it was decided already. */
function request(schema: z.ZodType) {
  return {
    200: { description: 'The request.', schema },
    410: { description: 'It was decided; the browser can start anew there.', schema: redirectSchema },
  };
}

export const loginConsentOperations = {
  getLoginRequest: { tag: login, summary: 'Read a login request', answers: request(loginRequestSchema), refusals },
  acceptLoginRequest: {
    tag: login,
    summary: 'Say who logged in',
    body: body(named('AcceptLoginBody', acceptLoginSchema)),
    answers: goOn,
    refusals,
  },
  rejectLoginRequest: { tag: login, summary: 'Refuse a login', body: body(rejection), answers: goOn, refusals },
  getConsentRequest: {
    tag: login,
    summary: 'Read a consent request',
    answers: request(consentRequestSchema),
    refusals,
  },
  acceptConsentRequest: {
    tag: login,
    summary: 'Say what was granted',
    body: body(named('AcceptConsentBody', acceptConsentSchema)),
    answers: goOn,
    refusals,
  },
  rejectConsentRequest: { tag: login, summary: 'Refuse a consent', body: body(rejection), answers: goOn, refusals },
  getLevel2ConsentRequest: {
    tag: login,
    summary: 'Read a consent request, as in Hydra 0.10',
    parameters: challenge,
    answers: request(level2RequestSchema),
  },
  acceptLevel2ConsentRequest: {
    tag: login,
    summary: 'Say what was granted, as in Hydra 0.10',
    parameters: challenge,
    body: body(named('AcceptLevel2ConsentBody', acceptLevel2Schema)),
    answers: done('It is decided; the browser goes to `redirectUrl` of the request.'),
  },
  rejectLevel2ConsentRequest: {
    tag: login,
    summary: 'Refuse a consent, as in Hydra 0.10',
    parameters: challenge,
    body: body(named('RejectLevel2ConsentBody', rejectLevel2Schema)),
    answers: done('It is decided; the browser goes to `redirectUrl` of the request.'),
  },
  listConsents: {
    tag: sessions,
    summary: 'List the consents of a subject that are in force',
    description: 'The Link header says where the next page is (RFC 8288). A page has at most 500 entries.',
    answers: ok('A page of consents.', z.array(consentSchema)),
  },
  revokeConsents: {
    tag: sessions,
    summary: 'Revoke consents, with the tokens that came of them',
    answers: done('They are revoked.'),
  },
  listLoginSessions: {
    tag: sessions,
    summary: 'List the login sessions of a subject',
    description: 'The Link header says where the next page is (RFC 8288). A page has at most 500 entries.',
    answers: ok('A page of sessions.', z.array(loginSessionSchema)),
  },
  revokeLoginSessions: {
    tag: sessions,
    summary: 'End login sessions: those of a subject, or one',
    answers: done('They have ended.'),
  },

  getLogoutRequest: {
    tag: logout,
    summary: 'Read a logout request',
    answers: request(logoutRequestSchema),
    refusals,
  },
  acceptLogoutRequest: { tag: logout, summary: 'Let a logout happen', answers: goOn, refusals },
  rejectLogoutRequest: {
    tag: logout,
    summary: 'Say that the user stays logged in',
    answers: done('It is decided.'),
    refusals,
  },
  listDeliveries: {
    tag: logout,
    summary: 'List the logout tokens that clients have yet to take',
    answers: ok('A page of deliveries.', z.array(deliverySchema)),
  },
  retryDelivery: {
    tag: logout,
    summary: 'Try a delivery again now',
    parameters: delivery,
    answers: done('It is tried again.'),
  },
  discardDelivery: {
    tag: logout,
    summary: 'Give a delivery up',
    parameters: delivery,
    answers: done('It is gone.'),
  },
} as const satisfies SomeOperations;
