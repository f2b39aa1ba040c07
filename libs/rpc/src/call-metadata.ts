import { randomBytes } from 'node:crypto';
import { holdsSecretText } from './secret-text.js';

/** Metadata name of the request id that joins the logs of all services of one request. */
export const REQUEST_ID_METADATA = 'x-request-id';

/** Metadata name by which a caller states its own name on a plaintext channel; read nowhere else. */
export const PEER_METADATA = 'castellan-peer';

/** Metadata name of the caller's place in a trace (W3C Trace Context). */
export const TRACEPARENT_METADATA = 'traceparent';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

const IDS_AT_ONCE = 256;
const ID_BYTES = 12;
const ID_LENGTH = 16;

let ids = '';
let taken = IDS_AT_ONCE;

/** 16 random characters. They are no secret; many are made at once, for one alone costs as much as 256. */
export function newRequestId(): string {
  if (taken === IDS_AT_ONCE) {
    ids = randomBytes(IDS_AT_ONCE * ID_BYTES).toString('base64url');
    taken = 0;
  }
  const start = taken++ * ID_LENGTH;
  return ids.slice(start, start + ID_LENGTH);
}

/** The request id that a caller sent, or a new one where it sent none or something that does not belong into a log. */
export function readRequestId(value: unknown): string {
  return typeof value === 'string' && REQUEST_ID.test(value) && !holdsSecretText(value) ? value : newRequestId();
}
