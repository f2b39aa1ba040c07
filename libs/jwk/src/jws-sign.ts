import type { Signer } from './signer.js';

/** Header members beside `alg`, in the order in which they are written. */
export type JwsHeaderMembers = { readonly typ?: string; readonly kid?: string };

/**
 * Signs a payload and answers the JWS in compact serialization (RFC 7515 section 7.1). The header is `alg`, then what is
 * given.
 */
export async function signJws(
  payload: string | Uint8Array,
  signer: Signer,
  header: JwsHeaderMembers = {},
): Promise<string> {
  const head = JSON.stringify({ alg: signer.algorithm.name, ...header });
  const input = `${Buffer.from(head, 'utf8').toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${input}.${(await signer.sign(Buffer.from(input, 'ascii'))).toString('base64url')}`;
}
