/** What a login and consent app uses of Castellan, as an entry of its own: it loads no gRPC. */
export { type ClientCredentialsOptions, createClientCredentials, type TokenSource } from './client-credentials.js';
export type { Fetch } from './fetch.js';
export {
  createLoginConsentClient,
  type LoginConsentClient,
  type LoginConsentClientOptions,
  type PageRequest,
  type Requests,
} from './login-consent-client.js';
export { LoginConsentError, type LoginConsentFailure } from './login-consent-error.js';
export type {
  ConsentAcceptance,
  ConsentRequest,
  ConsentSession,
  LoginAcceptance,
  LoginRequest,
  LoginSession,
  LogoutRequest,
  OpenIdContext,
  RedirectTo,
  Rejection,
  RequestingClient,
  SessionPage,
} from './login-consent-types.js';
