/** What a load generator sends. Every kind keeps its connections open and asks again as soon as an answer came. */
export type LoadPlan = RequestsPlan | CodeFlowPlan | RefreshPlan | ChecksPlan;

/** One request over and over, with the bodies in turn. */
export type RequestsPlan = {
  readonly kind: 'requests';
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly bodies: readonly string[];
};

/** Whole authorizations with PKCE: from the authorization request to the tokens. One flow counts as one. */
export type CodeFlowPlan = {
  readonly kind: 'code-flow';
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly basic: string;
  readonly redirectUri: string;
  readonly scope: string;
  /** Who consents: the harness signs a consent response (Castellan), or the peer grants at its own page. */
  readonly consent: { readonly kind: 'signed'; readonly key: JsonWebKey } | { readonly kind: 'own-page' };
};

/** Refreshes with rotation: each answer brings the refresh token of a next request. */
export type RefreshPlan = {
  readonly kind: 'refresh';
  readonly tokenUrl: string;
  readonly basic: string;
  /** More than there are connections. */
  readonly refreshTokens: readonly string[];
};

/** Decisions of the Warden over gRPC; one decision counts as one. */
export type ChecksPlan = {
  readonly kind: 'checks';
  readonly target: string;
  /** PEM texts. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Decisions asked for in one call; 1 is the unary `Check`, more are one `BatchCheck`. */
  readonly batch: number;
  readonly checks: readonly { readonly subject: string; readonly resource: string; readonly action: string }[];
};

/** How hard and how long. */
export type LoadEffort = { readonly connections: number; readonly seconds: number };

/** What came of it. */
export type LoadResult = {
  /** Answers as they should be; whole flows where the plan is one. */
  readonly completed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers of another status, and connections that broke. */
  readonly failures: number;
  /** Refresh tokens that flows or refreshes brought and that nobody has used yet. */
  readonly refreshTokens?: readonly string[];
  /** The first wrong answer, for the reader. */
  readonly firstFailure?: string;
};

type JsonWebKey = import('node:crypto').JsonWebKey;
