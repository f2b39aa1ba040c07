import { createHmac, timingSafeEqual } from 'node:crypto';
import { allowed, type Decision, denied } from '@castellan/policy';

/** The decisions that are kept, by their byte. A decision on a broken policy is no answer to keep. */
const decisions: ReadonlyMap<number, Decision> = new Map([
  [1, allowed],
  [2, denied('default')],
  [3, denied('explicit')],
]);

const bodyLength = 1 + 8 + 8;
const macLength = 32;

/** Bytes of an entry. */
export const entryLength = bodyLength + macLength;

/** A decision, and until when it holds by the clock of the database; Infinity where time is nothing to it. */
export type KeptDecision = { readonly decision: Decision; readonly until: number };

/** Whether a decision may be kept. */
export function isCacheable(decision: Decision): boolean {
  return findByte(decision) !== undefined;
}

/**
 * Writes an entry: the decision, when it ends (milliseconds since the epoch), until when it holds by the clock of the
 * database, and a MAC that ties all to their key.
 */
export function sealEntry(
  macKey: Buffer,
  digest: Buffer,
  decision: Decision,
  expiresAt: number,
  until = Number.POSITIVE_INFINITY,
): Buffer {
  const byte = findByte(decision);
  if (byte === undefined) throw new TypeError('this decision is not kept');
  const body = Buffer.alloc(bodyLength);
  body.writeUInt8(byte, 0);
  body.writeDoubleBE(expiresAt, 1);
  body.writeDoubleBE(until, 9);
  return Buffer.concat([body, mac(macKey, digest, body)]);
}

/**
 * Reads an entry. `forged`: it is not ours, or not of this key, whoever put it there. `expired`: its end, which the MAC
 * covers, is past, whatever lifetime Redis gives it.
 */
export function openEntry(
  macKey: Buffer,
  digest: Buffer,
  entry: Buffer,
  now: number,
): KeptDecision | 'forged' | 'expired' {
  if (entry.length !== entryLength) return 'forged';
  const body = entry.subarray(0, bodyLength);
  if (!timingSafeEqual(entry.subarray(bodyLength), mac(macKey, digest, body))) return 'forged';
  if (body.readDoubleBE(1) <= now) return 'expired';
  const decision = decisions.get(body.readUInt8(0));
  return decision === undefined ? 'forged' : { decision, until: body.readDoubleBE(9) };
}

function mac(macKey: Buffer, digest: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', macKey).update(digest).update(body).digest();
}

function findByte(decision: Decision): number | undefined {
  for (const [byte, known] of decisions) {
    if (known.allowed ? decision.allowed : !decision.allowed && decision.reason === known.reason) return byte;
  }
  return undefined;
}
