/** What a load generator sends. Every kind keeps its connections open and asks again as soon as an answer came. */
export type LoadPlan = RequestsPlan | CodeFlowPlan | RefreshPlan | CrudPlan | CallsPlan;

/** One request over and over, with the bodies in turn. */
export type RequestsPlan = {
  readonly kind: 'requests';
  readonly url: string;
  /** The same on other replicas; the connections are shared out evenly. */
  readonly alsoUrls?: readonly string[];
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

/** Things of the admin API, each created, read, replaced and deleted. Four requests count as one. */
export type CrudPlan = {
  readonly kind: 'crud';
  /** The collection. */
  readonly url: string;
  readonly authorization: string;
  /** JSON; `{id}` stands for the thing's ID. */
  readonly body: string;
  /** What the IDs of this round begin with: nobody has used it. */
  readonly prefix: string;
};

/** Calls over gRPC with mutual TLS; a decision or a signature counts as one. */
export type CallsPlan = {
  readonly kind: 'calls';
  readonly target: string;
  /** PEM texts. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** `unary`: one rpc of gRPC a call. `stream`: the calls of a turn in one message of a long-lived stream. */
  readonly transport: 'unary' | 'stream';
  readonly work: CheckWork | SignWork;
};

/** Decisions of the Warden: one by one, through the SDK by either of its transports, or in batches of 64. */
export type CheckWork = {
  readonly kind: 'check' | 'sdk-check' | 'sdk-stream-check' | 'batch-check';
  readonly checks: readonly { readonly subject: string; readonly resource: string; readonly action: string }[];
  /** By policies that are as new as the request when absent. */
  readonly consistency?: 'minimize-latency';
};

/** Signatures of access tokens by the key manager. */
export type SignWork = { readonly kind: 'sign'; readonly issuer: string };

/** Decisions in one `BatchCheck`. */
export const checksPerBatch = 64;

/** How hard and how long. */
export type LoadEffort = {
  readonly connections: number;
  readonly seconds: number;
  /** `wrk` is not used even where it is there. */
  readonly withoutWrk?: boolean;
};

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
