import type { RowKey } from '../grant.js';
import { type AccessTokenSigner, readAccessToken } from './access-token-jwt.js';
import type { InspectedToken, InvalidReason, TokenInspectionStore } from './token-inspection.js';
import { bucketEnd, type TokenText, type TokenType } from './token-text.js';

/** How an access token is made; refresh tokens and codes are opaque. */
export type ExplainedFormat = 'opaque' | 'jwt' | 'stateless-jwt';

/** What an operator is told about a text. `kind` is `foreign` for a text that this server did not make. */
export type TokenExplanation =
  | { readonly kind: 'foreign' }
  | {
      readonly kind: 'token';
      readonly type: TokenType;
      readonly format: ExplainedFormat;
      readonly valid: boolean;
      readonly reasons: readonly InvalidReason[];
      /** Absent when nothing is known of it any more: expired tokens are forgotten. */
      readonly token?: InspectedToken;
    };

/** What explaining works with. */
export type ExplainTools = {
  readonly tokenText: TokenText;
  readonly accessTokenSigner: AccessTokenSigner;
  readonly inspection: TokenInspectionStore;
  /** The database clock as last observed, in milliseconds. */
  readonly now: () => number;
};

/**
 * Says what a token is, whether it is worth anything, and if not why: for operators, never for clients. Changes nothing;
 * a used code or refresh token is looked at, not presented.
 */
export async function explainToken(text: string, tools: ExplainTools): Promise<TokenExplanation> {
  for (const type of ['refresh_token', 'authorization_code'] as const) {
    const key = tools.tokenText.parse(text, type);
    if (key !== undefined) return explained(type, 'opaque', key, await tools.inspection.inspect(type, key), tools);
  }
  const name = await readAccessToken(text, tools);
  if (name === undefined) return { kind: 'foreign' };
  const { key, stateless } = name;
  if (stateless !== undefined) {
    const token = await tools.inspection.inspectStateless(stateless);
    return explained('access_token', 'stateless-jwt', key, token, tools);
  }
  const token = await tools.inspection.inspect('access_token', key);
  return explained('access_token', text.startsWith('eyJ') ? 'jwt' : 'opaque', key, token, tools);
}

function explained(
  type: TokenType,
  format: ExplainedFormat,
  key: RowKey,
  token: InspectedToken | undefined,
  { now }: ExplainTools,
): TokenExplanation {
  if (token !== undefined) {
    return { kind: 'token', type, format, valid: token.reasons.length === 0, reasons: token.reasons, token };
  }
  const reasons: readonly InvalidReason[] = bucketEnd(type, key.bucket) <= now() ? ['expired'] : ['unknown'];
  return { kind: 'token', type, format, valid: false, reasons };
}
