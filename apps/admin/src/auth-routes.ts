import { type AdminCall, one, param, queried } from './access-questions.js';
import { adminQueries } from './admin-query.js';
import type { AdminRoute } from './admin-route.js';

const scope = 'hydra.consent';

/** The challenge that a call names, as the handler reads it. */
function challengeNamed(call: AdminCall, name: string): string {
  return queried(call, name) || queried(call, 'challenge') || param(call, 'challenge');
}

/**
 * What login and consent apps ask for: under today's paths, those of Hydra 1.0 and its betas, and those of 0.10 and 0.11.
 */
export const authRoutes = {
  getLoginRequest: {
    method: 'GET',
    path: '/admin/oauth2/auth/requests/login',
    aliases: ['/oauth2/auth/requests/login', '/oauth2/auth/requests/login/:challenge'],
    scope,
    action: 'get',
    query: adminQueries.loginChallenge,
    resource: one((n, call) => n.authRequest('login', challengeNamed(call, 'login_challenge'))),
  },
  acceptLoginRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/login/accept',
    aliases: ['/oauth2/auth/requests/login/accept', '/oauth2/auth/requests/login/:challenge/accept'],
    scope,
    action: 'accept',
    query: adminQueries.loginChallenge,
    resource: one((n, call) => n.authRequest('login', challengeNamed(call, 'login_challenge'))),
  },
  rejectLoginRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/login/reject',
    aliases: ['/oauth2/auth/requests/login/reject', '/oauth2/auth/requests/login/:challenge/reject'],
    scope,
    action: 'reject',
    query: adminQueries.loginChallenge,
    resource: one((n, call) => n.authRequest('login', challengeNamed(call, 'login_challenge'))),
  },
  getConsentRequest: {
    method: 'GET',
    path: '/admin/oauth2/auth/requests/consent',
    aliases: ['/oauth2/auth/requests/consent', '/oauth2/auth/requests/consent/:challenge'],
    scope,
    action: 'get',
    query: adminQueries.consentChallenge,
    resource: one((n, call) => n.authRequest('consent', challengeNamed(call, 'consent_challenge'))),
  },
  acceptConsentRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/consent/accept',
    aliases: ['/oauth2/auth/requests/consent/accept', '/oauth2/auth/requests/consent/:challenge/accept'],
    scope,
    action: 'accept',
    query: adminQueries.consentChallenge,
    resource: one((n, call) => n.authRequest('consent', challengeNamed(call, 'consent_challenge'))),
  },
  rejectConsentRequest: {
    method: 'PUT',
    path: '/admin/oauth2/auth/requests/consent/reject',
    aliases: ['/oauth2/auth/requests/consent/reject', '/oauth2/auth/requests/consent/:challenge/reject'],
    scope,
    action: 'reject',
    query: adminQueries.consentChallenge,
    resource: one((n, call) => n.authRequest('consent', challengeNamed(call, 'consent_challenge'))),
  },
  getLevel2ConsentRequest: {
    method: 'GET',
    path: '/oauth2/consent/requests/:id',
    scope,
    action: 'get',
    resource: one((n, call) => n.level2ConsentRequest(param(call, 'id'))),
  },
  acceptLevel2ConsentRequest: {
    method: 'PATCH',
    path: '/oauth2/consent/requests/:id/accept',
    scope,
    action: 'accept',
    resource: one((n, call) => n.level2ConsentRequest(param(call, 'id'))),
  },
  rejectLevel2ConsentRequest: {
    method: 'PATCH',
    path: '/oauth2/consent/requests/:id/reject',
    scope,
    action: 'reject',
    resource: one((n, call) => n.level2ConsentRequest(param(call, 'id'))),
  },
  listConsents: {
    method: 'GET',
    path: '/admin/oauth2/auth/sessions/consent',
    aliases: ['/oauth2/auth/sessions/consent'],
    scope,
    action: 'get',
    query: adminQueries.consents,
    resource: one((n, call) => n.authSessions('consent', queried(call, 'subject'))),
  },
  revokeConsents: {
    method: 'DELETE',
    path: '/admin/oauth2/auth/sessions/consent',
    aliases: ['/oauth2/auth/sessions/consent'],
    scope,
    action: 'delete',
    query: adminQueries.revokedConsents,
    resource: one((n, call) => n.authSessions('consent', queried(call, 'subject'))),
  },
  listLoginSessions: {
    method: 'GET',
    path: '/admin/oauth2/auth/sessions/login',
    aliases: ['/oauth2/auth/sessions/login'],
    scope,
    action: 'get',
    query: adminQueries.loginSessions,
    resource: one((n, call) => n.authSessions('login', queried(call, 'subject'))),
  },
  revokeLoginSessions: {
    method: 'DELETE',
    path: '/admin/oauth2/auth/sessions/login',
    aliases: ['/oauth2/auth/sessions/login'],
    scope,
    action: 'delete',
    query: adminQueries.revokedLoginSessions,
    resource: one((n, call) => n.authSessions('login', queried(call, 'subject'))),
  },
} as const satisfies Readonly<Record<string, AdminRoute>>;
