import { RpcError } from '@castellan/rpc';
import type { TokenSource } from './client-credentials.js';
import { LoginConsentError } from './login-consent-error.js';

/**
 * The access token for a call, in the time that the call has left (milliseconds). Throws RpcError: UNAUTHENTICATED or
 * PERMISSION_DENIED where the token endpoint refuses the caller, UNAVAILABLE for everything else.
 */
export async function tokenForCall(tokens: TokenSource, milliseconds: number): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the token endpoint did not answer in time')), milliseconds);
  });
  try {
    // The fetch goes on for whoever comes next.
    return await Promise.race([tokens.get(), late]);
  } catch (cause) {
    throw new RpcError(codeOf(cause), 'no access token for the Warden', { cause });
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(cause: unknown): 'UNAUTHENTICATED' | 'PERMISSION_DENIED' | 'UNAVAILABLE' {
  if (!(cause instanceof LoginConsentError)) return 'UNAVAILABLE';
  if (cause.kind === 'unauthorized') return 'UNAUTHENTICATED';
  return cause.kind === 'outage' ? 'UNAVAILABLE' : 'PERMISSION_DENIED';
}
