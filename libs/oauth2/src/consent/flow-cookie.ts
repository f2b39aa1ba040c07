import { createHash, timingSafeEqual } from 'node:crypto';
import { type CookieKey, openCookie, sealCookie } from './sealed-cookie.js';

/** A key that seals flow cookies, and its public name (4 bytes, in every value made with it). */
export type FlowCookieKey = CookieKey;

/** A cookie of the browser, or one to set. */
export type Cookie = { readonly name: string; readonly value: string };

/** A cookie to set; an empty value clears it. */
export type SetCookie = Cookie & {
  readonly maxAgeSeconds: number;
  /** It lives until the browser is closed; `maxAgeSeconds` says nothing then. */
  readonly untilClosed?: boolean;
};

/** What the browser holds of one pending authorization request. */
export type Flow = {
  readonly requestId: string;
  /** 32 random bytes; the server keeps only their hash. */
  readonly secret: Buffer;
  /** Hash of the forwarded parameters, base64url. */
  readonly parametersHash: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
};

/** Seals and opens flow cookies. */
export type FlowCookies = {
  /** The cookie that binds a pending request to the browser that started it. */
  seal(flow: Flow, secure: boolean): SetCookie;
  /**
   * The flows that the browser holds, newest first. Forged, renamed, expired and unknown cookies count as absent.
   * Over https only `__Host-` names count, for no other site and no plain connection can have set those.
   */
  open(cookies: readonly Cookie[], secure: boolean): readonly Flow[];
  /** Takes a flow from the browser. */
  clear(requestId: string, secure: boolean): SetCookie;
};

const prefix = 'castellan_flow_';
const maxCookiesRead = 64;
const nonceBytes = 12;
const secretBytes = 32;
const hashBytes = 32;
const timeBytes = 6;
const contentBytes = secretBytes + hashBytes + timeBytes;

/** SHA-256 of the secret in a flow cookie, base64url: what the server keeps of it. */
export function hashFlowSecret(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether a flow's secret is the one whose hash was kept. Constant time. */
export function isFlowSecret(secret: Buffer, hash: string): boolean {
  const actual = Buffer.from(hashFlowSecret(secret));
  const kept = Buffer.from(hash);
  return actual.length === kept.length && timingSafeEqual(actual, kept);
}

/**
 * Flow cookies sealed with AES-256-GCM, the cookie's name as associated data, so that values cannot be swapped between
 * names. `keys` holds the newest key first: it seals, all of them open. A flow lives for `lifetimeMs`.
 */
export function createFlowCookies(options: {
  readonly keys: readonly [FlowCookieKey, ...FlowCookieKey[]];
  readonly lifetimeMs: number;
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
}): FlowCookies {
  const { keys, lifetimeMs, now, randomBytes } = options;

  function openOne(cookie: Cookie, secure: boolean): Flow | undefined {
    const requestId = cookie.name.slice(namePrefix(secure).length);
    if (!/^[A-Za-z0-9_-]{43}$/.test(requestId)) return undefined;
    const content = openCookie(cookie, keys, contentBytes);
    if (content === undefined) return undefined;
    const startedAt = content.readUIntBE(secretBytes + hashBytes, timeBytes);
    if (startedAt + lifetimeMs <= now()) return undefined;
    return {
      requestId,
      secret: content.subarray(0, secretBytes),
      parametersHash: content.subarray(secretBytes, secretBytes + hashBytes).toString('base64url'),
      startedAt,
    };
  }

  return {
    seal(flow, secure) {
      const name = namePrefix(secure) + flow.requestId;
      const time = Buffer.alloc(timeBytes);
      time.writeUIntBE(Math.floor(flow.startedAt), 0, timeBytes);
      const content = Buffer.concat([flow.secret, Buffer.from(flow.parametersHash, 'base64url'), time]);
      const value = sealCookie(name, content, keys[0], randomBytes(nonceBytes));
      return { name, value, maxAgeSeconds: Math.floor(lifetimeMs / 1000) };
    },

    open(cookies, secure) {
      // The limit comes after the name, so that what a neighbouring host tosses in cannot crowd the true ones out.
      const named = cookies.filter(({ name }) => name.startsWith(namePrefix(secure)));
      const flows = named.slice(0, maxCookiesRead).flatMap((cookie) => openOne(cookie, secure) ?? []);
      return flows.sort((a, b) => b.startedAt - a.startedAt);
    },

    clear(requestId, secure) {
      return { name: namePrefix(secure) + requestId, value: '', maxAgeSeconds: 0 };
    },
  };
}

function namePrefix(secure: boolean): string {
  return secure ? `__Host-${prefix}` : prefix;
}
