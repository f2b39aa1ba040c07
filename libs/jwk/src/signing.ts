import type { NamedJwk } from './jwk.js';
import { signJws } from './jws-sign.js';
import { KeyError } from './key-error.js';
import type { KeyRing } from './key-ring.js';
import type { StoredKey } from './key-store.js';
import { isShown } from './life-cycle.js';
import { publicViews } from './key-view.js';
import { type Purpose, setsOfPurpose } from './own-sets.js';
import { isObject, parseStrictObject, StrictJsonError } from './strict-json.js';

/** A signature and what is said about it. */
export type Signed = { readonly jws: string; readonly keyId: string; readonly algorithm: string };

/** Signatures with the product's own keys. */
export type Signing = {
  /**
   * Signs claims, given as the text of one JSON object, with the current key of a purpose: that of `algorithm` where one
   * is asked for. The text is signed as it is, so its member order is kept. Throws KeyError `malformed` for a purpose that
   * is not signed for here, for claims that lack what the purpose needs or that would outlive the key that verifies them,
   * and for an algorithm that no key has.
   */
  sign(purpose: Purpose, claimsJson: string, algorithm?: string): Promise<Signed>;
  /** The public keys of a purpose that may verify, current key first, each with `kid` and `use`. */
  verificationKeys(purpose: Purpose): Promise<readonly NamedJwk[]>;
};

const MAX_CLAIMS = 32 * 1024;
const BACKCHANNEL_LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type ClaimRule = (value: unknown) => boolean;

const isText: ClaimRule = (value) => typeof value === 'string' && value !== '';
const isTime: ClaimRule = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const isTexts: ClaimRule = (value) => Array.isArray(value) && value.every(isText);
const isAudience: ClaimRule = (value) => isText(value) || (isTexts(value) && (value as unknown[]).length > 0);
const isEvents: ClaimRule = (value) => isObject(value) && Object.hasOwn(value, BACKCHANNEL_LOGOUT_EVENT);
const isScopes: ClaimRule = (value) => value === null || isTexts(value);

type SignedPurpose = {
  readonly typ?: string;
  readonly namesKey: boolean;
  readonly claims: Readonly<Record<string, ClaimRule>>;
  /** Claims by which it could be taken for something else. */
  readonly refused?: readonly string[];
};

// ID token: OpenID Connect Core 1.0 section 2. Logout token: Back-Channel Logout 1.0 section 2.4. Access token: RFC 9068 section 2. Userinfo: section 5.3.2. Consent challenge: exactly what the original sent, whose header has no `kid`.
const signedPurposes: ReadonlyMap<Purpose, SignedPurpose> = new Map<Purpose, SignedPurpose>([
  [
    'id-token',
    {
      namesKey: true,
      claims: { iss: isText, sub: isText, aud: isAudience, exp: isTime, iat: isTime },
      refused: ['events'],
    },
  ],
  [
    'logout-token',
    {
      typ: 'logout+jwt',
      namesKey: true,
      claims: { iss: isText, aud: isText, exp: isTime, iat: isTime, jti: isText, events: isEvents },
      refused: ['nonce'],
    },
  ],
  [
    'access-token',
    {
      typ: 'at+jwt',
      namesKey: true,
      claims: { iss: isText, sub: isText, aud: isAudience, exp: isTime, iat: isTime, jti: isText, client_id: isText },
    },
  ],
  ['userinfo', { namesKey: true, claims: { iss: isText, sub: isText, aud: isAudience }, refused: ['events'] }],
  [
    'consent-challenge',
    { namesKey: false, claims: { aud: isText, exp: isTime, jti: isText, redir: isText, scp: isScopes } },
  ],
]);

/** What signing depends on. */
export type SigningOptions = {
  readonly ring: KeyRing;
  /** Clock of the store, milliseconds since the epoch. */
  readonly now: () => number;
  /** For how long keys of a purpose are shown after they signed: nothing may be signed that lives longer. */
  readonly mayLiveMs: (purpose: Purpose) => number;
  /** Told of every signature. */
  readonly onSign: (set: string, kid: string) => void;
};

/** Makes the signing operations over a key ring. */
export function createSigning({ ring, now, mayLiveMs, onSign }: SigningOptions): Signing {
  async function currentKey(purpose: Purpose, algorithm: string | undefined) {
    for (const own of setsOfPurpose(purpose)) {
      const key = (await ring.keys(own.set)).find(({ stored }) => stored.life?.state === 'active');
      if (key !== undefined && (algorithm === undefined || key.stored.algorithm === algorithm)) return { own, key };
    }
    if (algorithm !== undefined) throw new KeyError('malformed', 'no key has this algorithm');
    throw new Error(`no key signs for the purpose ${purpose}`);
  }

  return {
    async sign(purpose, claimsJson, algorithm) {
      const rules = signedPurposes.get(purpose);
      if (rules === undefined) throw new KeyError('malformed', 'nothing is signed for this purpose');
      const { exp } = refuseUnfitClaims(claimsJson, rules);
      const { own, key } = await currentKey(purpose, algorithm);
      // After the key was asked for: that also brings the clock of the store up to date.
      if (typeof exp === 'number' && exp * 1000 > now() + mayLiveMs(purpose)) {
        throw new KeyError('malformed', 'the claims are valid for longer than the key is shown after it signed');
      }
      const { kid } = key.stored;
      const header = { typ: rules.typ ?? 'JWT', ...(rules.namesKey ? { kid } : {}) };
      const jws = await signJws(claimsJson, key.signer(), header);
      onSign(own.set, kid);
      return { jws, keyId: kid, algorithm: key.stored.algorithm };
    },

    async verificationKeys(purpose) {
      const rings = await Promise.all(setsOfPurpose(purpose).map((own) => ring.keys(own.set)));
      const keys = rings.flat().filter(({ stored }) => stored.use !== 'enc' && mayVerify(stored));
      const privateFirst = [
        ...keys.filter((key) => key.stored.part === 'private'),
        ...keys.filter((key) => key.stored.part === 'public'),
      ];
      return publicViews(privateFirst).map(({ jwk }) => ({ ...jwk, use: 'sig' }));
    },
  };
}

function mayVerify({ life }: StoredKey): boolean {
  return life === undefined || isShown(life.state);
}

function refuseUnfitClaims(
  claimsJson: string,
  { claims: rules, refused = [] }: SignedPurpose,
): Readonly<Record<string, unknown>> {
  if (claimsJson.length > MAX_CLAIMS) throw new KeyError('malformed', 'the claims are too long');
  const claims = parseClaims(claimsJson);
  const foreign = refused.find((claim) => Object.hasOwn(claims, claim));
  if (foreign !== undefined) throw new KeyError('malformed', `claim "${foreign}" belongs to something else`);
  for (const [claim, holds] of Object.entries(rules)) {
    if (!Object.hasOwn(claims, claim) || !holds(claims[claim])) {
      throw new KeyError('malformed', `claim "${claim}" is missing or of another type`);
    }
  }
  return claims;
}

function parseClaims(claimsJson: string): Readonly<Record<string, unknown>> {
  try {
    return parseStrictObject(claimsJson);
  } catch (cause) {
    if (cause instanceof StrictJsonError) throw new KeyError('malformed', `the claims are ${cause.message}`);
    throw cause;
  }
}
