import { createHash } from 'node:crypto';
import type { Cookie, SetCookie } from '../consent/flow-cookie.js';
import { type CookieKey, openCookie, sealCookie } from '../consent/sealed-cookie.js';

/** What a browser holds of a login session: a secret of which the server keeps the hash. */
export type SessionCookie = { readonly secret: Buffer };

/** Seals and opens session cookies. */
export type SessionCookies = {
  /** The cookie of a session that lives so long; undefined: until the browser is closed. */
  seal(cookie: SessionCookie, options: { readonly secure: boolean; readonly maxAgeSeconds?: number }): SetCookie;
  /** The cookie that the browser holds. Forged and renamed ones count as absent; over https only the `__Host-` name counts. */
  open(cookies: readonly Cookie[], secure: boolean): SessionCookie | undefined;
  /** Takes the session from the browser. */
  clear(secure: boolean): SetCookie;
};

const baseName = 'castellan_session';
const nonceBytes = 12;
const secretBytes = 32;
const maxCookiesRead = 16;

/** SHA-256 of the secret in a session cookie, base64url: what the server keeps of it. */
export function hashSessionSecret(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Session cookies sealed with AES-256-GCM. The first key seals, all of them open. */
export function createSessionCookies(options: {
  readonly keys: readonly [CookieKey, ...CookieKey[]];
  readonly randomBytes: (size: number) => Buffer;
}): SessionCookies {
  const { keys, randomBytes } = options;
  return {
    seal({ secret }, { secure, maxAgeSeconds }) {
      const name = nameOf(secure);
      const value = sealCookie(name, secret, keys[0], randomBytes(nonceBytes));
      return maxAgeSeconds === undefined
        ? { name, value, maxAgeSeconds: 0, untilClosed: true }
        : { name, value, maxAgeSeconds };
    },
    open(cookies, secure) {
      const named = cookies.filter(({ name }) => name === nameOf(secure)).slice(0, maxCookiesRead);
      for (const cookie of named) {
        const secret = openCookie(cookie, keys, secretBytes);
        if (secret !== undefined) return { secret };
      }
      return undefined;
    },
    clear: (secure) => ({ name: nameOf(secure), value: '', maxAgeSeconds: 0 }),
  };
}

function nameOf(secure: boolean): string {
  return secure ? `__Host-${baseName}` : baseName;
}
