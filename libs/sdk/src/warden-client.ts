import { type CallOptions, type RpcChannelOptions, RpcError, wardenV1 } from '@castellan/rpc';
import { tokenForCall } from './caller-token.js';
import type { TokenSource } from './client-credentials.js';
import { createRetryBudget } from './retry-budget.js';
import { openWardenTransport } from './warden-transport.js';

const { ConsistencyMode, DenialReason } = wardenV1;

/** May the subject do the action on the resource? `context` holds values for the conditions of policies. */
export type Check = {
  readonly subject: string;
  readonly resource: string;
  readonly action: string;
  readonly context?: Readonly<Record<string, unknown>>;
};

/** May the bearer of the access token, which must hold all scopes, do the action on the resource? */
export type TokenCheck = Omit<Check, 'subject'> & {
  readonly token: string;
  readonly scopes?: readonly string[];
  /** The resource that the token must be for (RFC 8707): a token for another service says nothing here. */
  readonly audience?: string;
};

/** Why nothing was allowed. `outage`: there was no answer in time. */
export type Denial =
  'default' | 'explicit' | 'policy_invalid' | 'token_inactive' | 'scope' | 'malformed' | 'outage' | 'unknown';

export type WardenDecision =
  | { readonly allowed: true; readonly revision: number }
  | { readonly allowed: false; readonly reason: Denial; readonly revision: number };

/** What an allowed token says. Times are milliseconds since the epoch. */
export type TokenFacts = {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
};

export type TokenDecision =
  | { readonly allowed: true; readonly revision: number; readonly token: TokenFacts }
  | Extract<WardenDecision, { allowed: false }>;

export type CheckOptions = {
  /** Milliseconds for the whole call, retries included; the client's own by default. */
  readonly deadlineMs?: number;
  /**
   * How new the policies must be: every write that returned before (default, and `fully_consistent`, which no cache
   * answers), every write up to a revision, or of a bounded age without asking the database.
   */
  readonly consistency?: 'fully_consistent' | 'minimize_latency' | { readonly atLeast: number };
};

/** What names the caller. */
export type WardenSecurity =
  /** A certificate, as PEM. */
  | Extract<RpcChannelOptions['security'], { kind: 'tls' }>
  /** An access token; `ca` vouches for the server, else the authorities that Node trusts do. */
  | { readonly kind: 'token'; readonly tokens: TokenSource; readonly ca?: string | Buffer }
  /** Nothing: taken on loopback only, where a server allows it. */
  | { readonly kind: 'plaintext' };

export type WardenClientOptions = {
  /** `host:port` of the Warden's gRPC port, or of its port for access tokens. */
  readonly target: string;
  readonly security: WardenSecurity;
  /** `stream` lets checks and token checks travel on one stream, which costs less where there are many; else `unary`. */
  readonly transport?: 'unary' | 'stream';
  /** Milliseconds for a call, retries included; 1000 by default. */
  readonly deadlineMs?: number;
  /** Retries per call on average, and at once; 0.1 and 10 by default. A ratio and burst of 0 switch retries off. */
  readonly retries?: { readonly ratio: number; readonly burst: number };
  /** Told of every call that got no answer. */
  readonly onOutage?: (error: RpcError) => void;
};

/**
 * Asks the Warden. Without an answer the decision is a denial with reason `outage`. Rejects with RpcError only for a
 * request that is wrong in itself, or that this caller may not make.
 */
export interface WardenClient {
  check(check: Check, options?: CheckOptions): Promise<WardenDecision>;
  checkToken(check: TokenCheck, options?: CheckOptions): Promise<TokenDecision>;
  /** Up to 256 checks at one revision of the policies; one decision each, in order. */
  batchCheck(checks: readonly Check[], options?: CheckOptions): Promise<readonly WardenDecision[]>;
  close(): void;
}

const outage = { allowed: false, reason: 'outage', revision: 0 } as const;

/** Makes a client; it connects at the first call and again whenever the connection is lost. */
export function createWardenClient(options: WardenClientOptions): WardenClient {
  const { target, security, transport = 'unary' } = options;
  const warden = openWardenTransport({ target, transport, security: channelSecurityOf(security) });
  const tokens = security.kind === 'token' ? security.tokens : undefined;
  const { ratio, burst } = options.retries ?? { ratio: 0.1, burst: 10 };
  const budget = createRetryBudget({ ratio, most: burst });

  /** Answers undefined for an outage. */
  async function ask<T>(
    call: (options: CallOptions) => Promise<T>,
    { deadlineMs = options.deadlineMs ?? 1000 }: CheckOptions,
  ): Promise<T | undefined> {
    const end = performance.now() + deadlineMs;
    const left = (): number => Math.max(1, Math.round(end - performance.now()));
    let renewed = false;
    budget.earn();
    for (;;) {
      let bearer: string | undefined;
      try {
        bearer = tokens === undefined ? undefined : await tokenForCall(tokens, left());
        return await call({ deadlineMs: left(), ...(bearer === undefined ? {} : { bearer }) });
      } catch (error) {
        // A token may have been revoked: one new one, then the answer stands.
        if (bearer !== undefined && !renewed && isRefusedToken(error) && budget.spend()) {
          tokens?.forget(bearer);
          renewed = true;
          continue;
        }
        if (!(error instanceof RpcError) || refusals.has(error.code)) throw error;
        // A decision may be asked for again; one that ran out of time may not.
        const isRepeated = error.code === 'UNAVAILABLE' && performance.now() < end && budget.spend();
        if (isRepeated) continue;
        options.onOutage?.(error);
        return undefined;
      }
    }
  }

  return {
    async check(check, checkOptions = {}) {
      const request = { ...toMessage(check), ...consistencyOf(checkOptions) };
      return toDecision(await ask((call) => warden.check(request, call), checkOptions));
    },
    async checkToken({ token, scopes = [], audience, resource, action, context }, checkOptions = {}) {
      const asked = { token, scopes: [...scopes], resource, action, context, ...consistencyOf(checkOptions) };
      const request = audience === undefined ? asked : { ...asked, audience };
      const answer = await ask((call) => warden.checkToken(request, call), checkOptions);
      const decision = toDecision(answer);
      if (!decision.allowed) return decision;
      // An allowance without what the token says is no answer of a Warden.
      if (answer?.token === undefined) return outage;
      const { subject, clientId, scopes: granted, expiresAtMs } = answer.token;
      return { ...decision, token: { subject, clientId, scopes: granted, expiresAtMs } };
    },
    async batchCheck(checks, checkOptions = {}) {
      const request = { checks: checks.map(toMessage), ...consistencyOf(checkOptions) };
      const answer = await ask((call) => warden.batchCheck(request, call), checkOptions);
      // Answers that are not one for each cannot be told apart.
      const results = answer?.results.length === checks.length ? answer.results : [];
      return checks.map((_check, index) => {
        const result = results[index];
        if (result?.invalidArgument !== undefined) return { allowed: false, reason: 'malformed', revision: 0 };
        return toDecision(result?.decision);
      });
    },
    close: () => warden.close(),
  };
}

function channelSecurityOf(security: WardenSecurity): RpcChannelOptions['security'] {
  if (security.kind === 'tls') return security;
  if (security.kind === 'plaintext') return { kind: 'plaintext', peer: 'client' };
  return { kind: 'bearer', ...(security.ca === undefined ? {} : { ca: security.ca }) };
}

function isRefusedToken(error: unknown): boolean {
  return error instanceof RpcError && error.code === 'UNAUTHENTICATED';
}

/** Answers about the request itself, or about who asks: no outage, and the same the next time. */
const refusals: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'FAILED_PRECONDITION',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
  'UNIMPLEMENTED',
]);

const denials: ReadonlyMap<wardenV1.DenialReason, Denial> = new Map([
  [DenialReason.DENIAL_REASON_DEFAULT, 'default'],
  [DenialReason.DENIAL_REASON_EXPLICIT, 'explicit'],
  [DenialReason.DENIAL_REASON_POLICY_INVALID, 'policy_invalid'],
  [DenialReason.DENIAL_REASON_TOKEN_INACTIVE, 'token_inactive'],
  [DenialReason.DENIAL_REASON_SCOPE, 'scope'],
]);

function toMessage({ subject, resource, action, context }: Check): wardenV1.CheckRequest {
  return { subject, resource, action, context, anonymous: false };
}

function toDecision(
  answer: Pick<wardenV1.CheckResponse, 'allowed' | 'reason' | 'revision'> | undefined,
): WardenDecision {
  if (answer === undefined) return outage;
  const { revision } = answer;
  // An allowance that says why not is no answer of a Warden.
  if (answer.allowed) {
    return answer.reason === DenialReason.DENIAL_REASON_UNSPECIFIED
      ? { allowed: true, revision }
      : { allowed: false, reason: 'unknown', revision };
  }
  return { allowed: false, reason: denials.get(answer.reason) ?? 'unknown', revision };
}

function consistencyOf({ consistency }: CheckOptions): { consistency?: wardenV1.Consistency } {
  if (consistency === undefined) return {};
  if (typeof consistency === 'object') {
    return { consistency: { mode: ConsistencyMode.CONSISTENCY_MODE_AT_LEAST, revision: consistency.atLeast } };
  }
  const mode =
    consistency === 'fully_consistent'
      ? ConsistencyMode.CONSISTENCY_MODE_FULLY_CONSISTENT
      : ConsistencyMode.CONSISTENCY_MODE_MINIMIZE_LATENCY;
  return { consistency: { mode, revision: 0 } };
}
