import { type CallContext, type RpcClient, RpcError, type tokenV1 } from '@castellan/rpc';

/**
 * What the token service says of an access token, asked anew each time, within the deadline of the call. Throws RpcError
 * UNAVAILABLE when it does not answer, and nothing else.
 */
export async function introspectToken(
  tokens: Pick<RpcClient<typeof tokenV1.TokensService>, 'introspect'>,
  { token, scopes }: Pick<tokenV1.IntrospectRequest, 'token' | 'scopes'>,
  call: CallContext,
): Promise<tokenV1.IntrospectResponse> {
  const options = { deadlineMs: Math.max(1, call.deadline - Date.now()), requestId: call.requestId };
  try {
    return await tokens.introspect({ token, scopes }, options);
  } catch (cause) {
    // Whatever refused us: it is no verdict on the token, and must not be read as one.
    throw new RpcError('UNAVAILABLE', 'the token service does not answer', { cause });
  }
}
