// The authorization server's rules: clients and how they authenticate, authorization requests, grants, tokens,
// introspection and revocation, and their errors. This room knows no HTTP, no gRPC and no database: it declares the
// stores it needs, is given the time and randomness, and throws `OAuth2Error` where it refuses.
// It follows RFC 6749, 6750, 7009, 7591, 7636, 7662, 8252, 8414, 9207, 9700 and OpenID Connect Core 1.0.
export { OAuth2Error, oauth2ErrorTable, type OAuth2ErrorCode } from './errors.js';
export { parseParameters, requireParameter, type Parameter, type ParameterMap } from './parameters.js';
export { coversScope, coversScopes, formatScope, grantsOfflineAccess, narrowScopes, parseScope } from './scope.js';
export { defaultLifetimes, type Lifetimes, signedAtMostMs } from './lifetimes.js';
export {
  type AccessTokenFormat,
  accessTokenFormats,
  allowsGrantType,
  allowsResponseType,
  type Client,
  type ClientSecretHash,
  type LoginConsentRules,
  type OpenIdRegistration,
  readAccessTokenFormat,
  type TokenRules,
} from './client.js';
export { readLogoutRegistration, type LogoutMembers, type LogoutRegistration } from './logout/logout-registration.js';
export { readOpenIdRegistration, type OpenIdMembers } from './openid-registration.js';
export { isClientId, readAuthMethod, validateClient, type ValidatedClient } from './client-metadata.js';
export { isLoopbackHost, redirectUriProblem } from './redirect-uri.js';
export type { ClientStore, SecretRotation, SecretSlot, SecretUse, StoredClient } from './client-store.js';
export type { Grant, JsonObject, NewFamily, RowKey } from './grant.js';
export { isCodeChallenge, matchesCodeChallenge } from './pkce.js';
export {
  bucketEnd,
  createTokenText,
  familyBucket,
  tokenBucket,
  type TokenKey,
  type TokenText,
  type TokenType,
} from './token/token-text.js';
export type {
  ActiveAccessToken,
  AuthorizationOutcome,
  BurnOutcome,
  NewAccessToken,
  NewAuthorizationCode,
  NewRefreshToken,
  RevokedGrants,
  SealedAnswer,
  StoredAuthorizationCode,
  StoredRefreshToken,
  TokenStore,
} from './token/token-store.js';
export {
  createClientAuthentication,
  type CarriedCredentials,
  type ClientAuthentication,
} from './client-authentication.js';
export {
  type AssertionAudience,
  type AssertionStore,
  type AssertionUse,
  clientAssertionAlgorithms,
  type ClientAssertions,
  createClientAssertions,
} from './client-assertion.js';
export { type ClientKeys, createClientKeys, readClientKeys } from './client-keys.js';
export { createSecretUses } from './secret-uses.js';
export { createClientCache, type ClientCache } from './client-cache.js';
export {
  createClientSecrets,
  type ClientSecrets,
  type HashedSecret,
  type SecretCaller,
  type SlowHasher,
} from './client-secret.js';
export { mintIdToken, type IdTokenInput, type IdTokenSigner, type IdTokenTools } from './id-token.js';
export { createSubjectIdentifier, type SubjectIdentifier } from './subject-identifier.js';
export {
  userinfo,
  type SignUserinfo,
  type SubjectClaims,
  type SubjectClaimsStore,
  type Userinfo,
  type UserinfoRequest,
  type UserinfoTools,
} from './userinfo.js';
export {
  expiresIn,
  mintAccessToken,
  mintAuthorizationCode,
  mintFor,
  mintRefreshToken,
  newFamily,
  type FamilyOf,
  type Mint,
  type Minted,
} from './token/mint.js';
export { codeChallengeMethods } from './authorization/code-challenge.js';
export { keptParameters } from './authorization/forwarded-parameters.js';
export { responseModes } from './authorization/response-mode.js';
export { responseTypes } from './authorization/response-type.js';
export { issueTokens, tokenEndpointGrantTypes, type EndpointRequest } from './token/endpoint.js';
export type { GrantTools, IssuedTokens, TokenReuse } from './token/token-request.js';
export {
  introspect,
  inspectToken,
  introspectForCaller,
  type Introspection,
  type IntrospectionCaller,
  type IntrospectionTools,
} from './token/introspection.js';
export { revokeToken, type RevocationTools } from './token/revocation.js';
export type {
  AuthorizationRequestStore,
  InteractionRequest,
  InteractionStep,
  NewAuthorizationRequest,
  PendingAuthorizationRequest,
  SessionStep,
  StoredParameters,
} from './authorization/authorization-request-store.js';
export { authorize, type AuthorizeInput } from './authorization/authorize.js';
export type { AuthorizationSettings, AuthorizationTools, AuthorizeOutcome } from './authorization/flow.js';
export { requestObjectAlgorithms, type RequestUriTools } from './authorization/request-uri.js';
export type { IdTokenKeys } from './authorization/id-token-hint.js';
export type { AuthorizationResponse } from './authorization/response.js';
export type { ConsentChallenge, SignConsentChallenge } from './consent/challenge.js';
export {
  createFlowCookies,
  type Cookie,
  type FlowCookieKey,
  type FlowCookies,
  type SetCookie,
} from './consent/flow-cookie.js';
export { type AccessTokenSigner, issueAccessToken, reservedAccessTokenClaims } from './token/access-token-jwt.js';
export { type GrantKind, type LifespanName, lifespanNames, type Lifespans, readLifespans } from './lifespans.js';
export { readConsentResponseKeys, type ConsentResponseKeys } from './consent/response.js';
export { serverMetadata, type MetadataSource } from './discovery.js';
export {
  type FetchedDocument,
  OutboundError,
  type OutboundFetch,
  type OutboundPost,
  outboundUrlProblem,
} from './outbound.js';
export { checkOpenIdRegistration, type OpenIdCheckTools } from './registration/openid-check.js';
export {
  deleteRegistration,
  makeInitialAccessToken,
  readRegistration,
  registerClient,
  updateRegistration,
  type RegistrationAccess,
  type RegistrationRequest,
  type RegistrationTools,
} from './registration/registration.js';
export type { NewRegistration, RegistrationStore } from './registration/registration-store.js';
export { type AudienceParameter, audienceParameters } from './token/resource.js';
export {
  type ResourceServer,
  type ResourceServerStore,
  audienceProblem,
  resourceUriProblem,
  validateResourceServer,
} from './resource-server.js';
export type {
  LeasedMessage,
  NewOutboxMessage,
  OutboxCount,
  OutboxEntry,
  OutboxState,
  OutboxStore,
} from './outbox/outbox-store.js';
export {
  backchannelLogoutKind,
  type BackchannelTools,
  deliverBackchannelLogout,
  type DeliveryOutcome,
} from './logout/backchannel-delivery.js';
export {
  endSession,
  type EndSessionInput,
  type EndSessionOutcome,
  type LogoutSettings,
  type LogoutTools,
} from './logout/end-session.js';
export { acceptLogoutRequest, getLogoutRequest, rejectLogoutRequest } from './logout/logout-request-api.js';
export type {
  LogoutRequest,
  LogoutRequestStore,
  LogoutStage,
  NewLogoutRequest,
} from './logout/logout-request-store.js';
export type { SignLogoutToken } from './logout/logout-token.js';
export { retryDelayMs } from './outbox/retry-delay.js';
export type { Issuance, IssuanceDecision, IssuanceGuard } from './token/issuance-guard.js';
export { explainToken, type ExplainTools, type TokenExplanation } from './token/explain.js';
export {
  type InspectedFamily,
  type InspectedToken,
  type InvalidReason,
  invalidReasons,
  type TokenInspectionStore,
} from './token/token-inspection.js';
export type { StatelessAccessToken, StatelessTokenStore } from './token/stateless-token.js';
export {
  createSessionSeal,
  type GrantSession,
  type SessionKey,
  type SessionSeal,
  SessionSealError,
} from './token/session-seal.js';
export { type ChallengeKind, type ChallengeText, createChallengeText } from './interaction/challenge-text.js';
export type {
  AcceptedConsent,
  AcceptedLogin,
  ConsentFacts,
  Interaction,
  InteractionStage,
  LoginConsentFlow,
  LoginFacts,
  Rejection,
  StagedInteraction,
} from './interaction/interaction.js';
export type {
  Consent,
  ConsentDetails,
  ConsentStore,
  NewConsent,
  RememberedConsent,
  WhichConsents,
} from './interaction/consent-store.js';
export type {
  LoginSession,
  LoginSessionStore,
  NewLoginSession,
  SessionClient,
  SessionPage,
  WhichSessions,
} from './interaction/login-session-store.js';
export { createJsonSeal, type JsonSeal } from './interaction/json-seal.js';
export { createPageTokens, type PageTokens } from './page-token.js';
export {
  createSessionCookies,
  hashSessionSecret,
  type SessionCookie,
  type SessionCookies,
} from './interaction/session-cookie.js';
export { type DecisionOutcome, type DecisionTools, type RejectionInput } from './interaction/decide.js';
export { acceptLogin, findLoginRequest, type FoundLoginRequest, rejectLogin } from './interaction/decide-login.js';
export {
  acceptConsent,
  type ConsentName,
  findConsentRequest,
  type FoundConsentRequest,
  rejectConsent,
} from './interaction/decide-consent.js';
export type { PendingRequest } from './interaction/pending-request.js';
