import { type NamedJwk, partOf, publicPart } from './jwk.js';
import { publicName } from './key-names.js';
import type { RingKey } from './key-ring.js';

/** A key as a caller sees it. */
export type KeyView = {
  readonly jwk: NamedJwk;
  /** The name by which policies know it: `public`, `private`, `public:x`, `private:x`, or the key ID. */
  readonly resourceName: string;
};

/** The public part of a key; nothing for a secret. */
export function publicView(key: RingKey): readonly KeyView[] {
  const jwk = key.publicJwk();
  if (jwk === undefined) return [];
  return [{ jwk, resourceName: key.namedByThumbprint() ? 'public' : jwk.kid }];
}

/** The name of publicView, without opening the key of a set that a user made; undefined for a secret. */
export function publicViewName(key: RingKey): string | undefined {
  if (key.stored.part === 'secret') return undefined;
  return key.namedByThumbprint() ? 'public' : publicName(key.stored.kid);
}

/** The name by which policies know what is stored: the private part where there is one. */
export function storedViewName(key: RingKey): string {
  return key.namedByThumbprint() ? 'private' : key.stored.kid;
}

/** The public parts of keys, one for each key ID: a stored public key and the one derived from its private key are the same. */
export function publicViews(keys: readonly RingKey[]): readonly KeyView[] {
  const views = keys.flatMap(publicView);
  return views.filter((view, index) => views.findIndex((other) => other.jwk.kid === view.jwk.kid) === index);
}

/** A key of an own set as it was just made: private part first, where it may be shown. */
export function ownViews(jwk: NamedJwk, showsPrivate: boolean): readonly KeyView[] {
  const open = publicPart(jwk);
  return [
    ...(showsPrivate ? [{ jwk, resourceName: 'private' }] : []),
    ...(open === undefined ? [] : [{ jwk: open, resourceName: 'public' }]),
  ];
}

/** Keys as they were just stored under their own names, private parts first; without those parts where they may not be shown. */
export function storedViews(jwks: readonly NamedJwk[], showsPrivate: boolean): readonly KeyView[] {
  const shown = [
    ...(showsPrivate ? jwks.filter((jwk) => partOf(jwk) !== 'public') : []),
    ...jwks.filter((jwk) => partOf(jwk) === 'public'),
  ];
  return shown.map((jwk) => ({ jwk, resourceName: jwk.kid }));
}
