import { randomBytes } from 'node:crypto';

/** Metadata name of the request id that joins the logs of all services of one request. */
export const REQUEST_ID_METADATA = 'x-request-id';

/** Metadata name by which a caller states its own name on a plaintext channel; read nowhere else. */
export const PEER_METADATA = 'castellan-peer';

/** Metadata name of the caller's place in a trace (W3C Trace Context). */
export const TRACEPARENT_METADATA = 'traceparent';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function newRequestId(): string {
  return randomBytes(12).toString('base64url');
}

/** The request id that a caller sent, or a new one where it sent none or something that does not belong into a log. */
export function readRequestId(value: unknown): string {
  return typeof value === 'string' && REQUEST_ID.test(value) ? value : newRequestId();
}
