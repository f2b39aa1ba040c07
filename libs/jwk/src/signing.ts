import type { NamedJwk } from './jwk.js';
import { signJws } from './jws-sign.js';
import { KeyError } from './key-error.js';
import type { KeyRing } from './key-ring.js';
import type { StoredKey } from './key-store.js';
import { isShown } from './life-cycle.js';
import { publicViews } from './key-view.js';
import { type Purpose, setOfPurpose } from './own-sets.js';
import { parseStrictObject, StrictJsonError } from './strict-json.js';

/** A signature and what is said about it. */
export type Signed = { readonly jws: string; readonly keyId: string; readonly algorithm: string };

/** Signatures with the product's own keys. */
export type Signing = {
  /**
   * Signs claims, given as the text of one JSON object, with the current key of a purpose. The text is signed as it is,
   * so its member order is kept. Throws KeyError `malformed` for a purpose that is not signed for here and for claims that
   * lack what the purpose needs or that would outlive the key that verifies them.
   */
  sign(purpose: Purpose, claimsJson: string): Promise<Signed>;
  /** The public keys of a purpose that may verify, current key first, each with `kid` and `use`. */
  verificationKeys(purpose: Purpose): Promise<readonly NamedJwk[]>;
};

const MAX_CLAIMS = 32 * 1024;

type ClaimRule = (value: unknown) => boolean;

const isText: ClaimRule = (value) => typeof value === 'string' && value !== '';
const isTime: ClaimRule = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const isTexts: ClaimRule = (value) => Array.isArray(value) && value.every(isText);
const isAudience: ClaimRule = (value) => isText(value) || (isTexts(value) && (value as unknown[]).length > 0);
const isScopes: ClaimRule = (value) => value === null || isTexts(value);

type SignedPurpose = { readonly namesKey: boolean; readonly claims: Readonly<Record<string, ClaimRule>> };

// ID token: OpenID Connect Core 1.0 section 2. Consent challenge: exactly what the original sent, whose header has no `kid`.
const signedPurposes: ReadonlyMap<Purpose, SignedPurpose> = new Map<Purpose, SignedPurpose>([
  ['id-token', { namesKey: true, claims: { iss: isText, sub: isText, aud: isAudience, exp: isTime, iat: isTime } }],
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
  return {
    async sign(purpose, claimsJson) {
      const rules = signedPurposes.get(purpose);
      if (rules === undefined) throw new KeyError('malformed', 'nothing is signed for this purpose');
      const { exp } = refuseUnfitClaims(claimsJson, rules.claims);
      if (typeof exp === 'number' && exp * 1000 > now() + mayLiveMs(purpose)) {
        throw new KeyError('malformed', 'the claims are valid for longer than the key is shown after it signed');
      }
      const { set } = setOfPurpose(purpose);
      const current = (await ring.keys(set)).find((key) => key.stored.life?.state === 'active');
      if (current === undefined) throw new Error(`key set ${set} holds no signing key`);
      const { kid, algorithm } = current.stored;
      const header = { typ: 'JWT', ...(rules.namesKey ? { kid } : {}) };
      const jws = await signJws(claimsJson, current.signer(), header);
      onSign(set, kid);
      return { jws, keyId: kid, algorithm };
    },

    async verificationKeys(purpose) {
      const own = setOfPurpose(purpose);
      const keys = (await ring.keys(own.set)).filter(({ stored }) => stored.use !== 'enc' && mayVerify(stored));
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
  rules: Readonly<Record<string, ClaimRule>>,
): Readonly<Record<string, unknown>> {
  if (claimsJson.length > MAX_CLAIMS) throw new KeyError('malformed', 'the claims are too long');
  const claims = parseClaims(claimsJson);
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
