import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RowKey } from '../grant.js';

/** What a token text may be; the type is inside the MAC, so one can never pass for another. */
export type TokenType = 'access_token' | 'refresh_token' | 'authorization_code';

/** A MAC key and its public name (4 bytes, in every text made with it). */
export type TokenKey = { readonly id: Buffer; readonly key: Buffer };

/** Makes and reads the texts of opaque tokens. */
export type TokenText = {
  /** A new token of that type whose row lies in partition `bucket`. */
  mint(type: TokenType, bucket: number): { readonly text: string; readonly key: RowKey };
  /** The row of a text that this server made as that type; undefined for anything else. Reads no store. */
  parse(text: string, type: TokenType): RowKey | undefined;
};

const hourMs = 3_600_000;
const weekMs = 604_800_000;

type TokenTypeRow = { readonly prefix: string; readonly bucketMs: number };
const tokenTypes: { readonly [type in TokenType]: TokenTypeRow } = {
  access_token: { prefix: 'ct_at_', bucketMs: hourMs },
  refresh_token: { prefix: 'ct_rt_', bucketMs: weekMs },
  authorization_code: { prefix: 'ct_ac_', bucketMs: hourMs },
};

const keyIdBytes = 4;
const bucketBytes = 4;
const randomPartBytes = 32;
const macBytes = 32;
const headLength = Math.ceil(((keyIdBytes + bucketBytes + randomPartBytes) * 4) / 3);
const macLength = Math.ceil((macBytes * 4) / 3);

/**
 * The expiry bucket of a token that is about to be stored: hours since the epoch (weeks for refresh tokens). The
 * database sets the expiry a little after this was computed, so a minute is added: a bucket never ends before its rows.
 */
export function tokenBucket(type: TokenType, expiresAtMs: number): number {
  return Math.floor((expiresAtMs + 60_000) / tokenTypes[type].bucketMs);
}

/** The expiry bucket of a family: weeks since the epoch. */
export function familyBucket(expiresAtMs: number): number {
  return Math.floor(expiresAtMs / weekMs);
}

/** First millisecond after a bucket: whatever lies in it is expired then. */
export function bucketEnd(type: TokenType, bucket: number): number {
  return (bucket + 1) * tokenTypes[type].bucketMs;
}

/**
 * Token texts of one issuer: `<prefix>` + base64url(key id, bucket, 32 random bytes) + `.` + base64url(HMAC-SHA-256
 * over type, issuer and all before the dot). `keys` holds the newest key first: it signs, all of them verify.
 */
export function createTokenText(options: {
  readonly keys: readonly [TokenKey, ...TokenKey[]];
  readonly issuer: string;
  readonly randomBytes: (n: number) => Buffer;
}): TokenText {
  const { keys, issuer, randomBytes } = options;

  function macOf(key: TokenKey, type: TokenType, head: string): Buffer {
    return createHmac('sha256', key.key).update(`${type}\0${issuer}\0${head}`).digest();
  }

  return {
    mint(type, bucket) {
      const payload = Buffer.alloc(keyIdBytes + bucketBytes + randomPartBytes);
      keys[0].id.copy(payload, 0, 0, keyIdBytes);
      payload.writeUInt32BE(bucket, keyIdBytes);
      randomBytes(randomPartBytes).copy(payload, keyIdBytes + bucketBytes);
      const head = tokenTypes[type].prefix + payload.toString('base64url');
      const mac = macOf(keys[0], type, head);
      return { text: `${head}.${mac.toString('base64url')}`, key: { bucket, id: rowId(mac) } };
    },

    parse(text, type) {
      const { prefix } = tokenTypes[type];
      const dot = prefix.length + headLength;
      if (text.length !== dot + 1 + macLength || !text.startsWith(prefix) || text[dot] !== '.') return undefined;
      const payload = decodeCanonical(text.slice(prefix.length, dot));
      const presented = decodeCanonical(text.slice(dot + 1));
      if (payload === undefined || presented === undefined) return undefined;
      const key = keys.find((candidate) => candidate.id.equals(payload.subarray(0, keyIdBytes)));
      if (key === undefined) return undefined;
      if (!timingSafeEqual(macOf(key, type, text.slice(0, dot)), presented)) return undefined;
      return { bucket: payload.readUInt32BE(keyIdBytes), id: rowId(presented) };
    },
  };
}

/** The row id: a hash of the MAC, so that a row is no part of a usable token. */
function rowId(mac: Buffer): string {
  return createHash('sha256').update(mac).digest('base64url');
}

/** Decodes base64url; undefined unless the text is the only text for its bytes (no twin of a token is accepted). */
function decodeCanonical(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
