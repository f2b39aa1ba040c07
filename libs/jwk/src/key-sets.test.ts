import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey } from './generate-key.js';
import { type Jwk, publicPart } from './jwk.js';
import type { NewKey } from './key-store.js';
import type { KeyView } from './key-view.js';
import { createKeyManagerFixture } from './testing/key-manager-fixture.js';
import { thumbprint } from './thumbprint.js';

const generation = { rsaBits: 2048, randomBytes };
const rsa = await generateKey('RS256', generation);
const ec = await generateKey('ES256', generation);
const otherEc = await generateKey('ES256', generation);
const oct = await generateKey('HS256', generation);

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];

function privateMembersIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(privateMembers.includes(name) ? [name] : []),
    ...privateMembersIn(inner),
  ]);
}

function names(views: readonly KeyView[]): string[] {
  return views.map(({ jwk, resourceName }) => `${jwk.kid}=${resourceName}`);
}

function text(jwk: Jwk | undefined, kid?: string): string {
  return JSON.stringify({ ...jwk, ...(kid === undefined ? {} : { kid }) });
}

describe('key set of a user', () => {
  it.each([
    ['RS256', '', ['private=private', 'public=public']],
    ['ES521', 'x', ['private:x=private:x', 'public:x=public:x']],
    ['EdDSA', 'a:b', ['private:a:b=private:a:b', 'public:a:b=public:a:b']],
    ['HS256', '', ['shared=shared']],
    ['HS256', 'x', ['x=x']],
  ])('generates %s named "%s" under the key IDs of the original, private part first', async (algorithm, name, kids) => {
    const { sets, actor } = await createKeyManagerFixture();
    const made = await sets.generate({ set: 's', algorithm, name }, actor);
    expect(names(made)).toEqual(kids);
    expect(await sets.getSet('s', actor)).toEqual(made);
    for (const { jwk } of made) expect(await sets.getKey('s', jwk.kid, actor)).toMatchObject({ jwk });
  });

  it.each(['RS256', 'HS256'])('generates %s as one key under the very ID given, or a random one', async (algorithm) => {
    const { sets, actor } = await createKeyManagerFixture();
    const request = { set: 's', algorithm, single: true };
    expect(names(await sets.generate({ ...request, name: 'mine' }, actor))).toEqual(['mine=mine']);
    const [random] = await sets.generate({ ...request, name: '' }, actor);
    expect(random?.jwk.kid).toMatch(/^[0-9a-f]{32}$/);
    expect(await sets.getSet('s', actor)).toHaveLength(2);
    await expect(sets.generate({ ...request, name: 'mine' }, actor)).rejects.toMatchObject({ code: 'already_exists' });
    // A private key under the name of a public one would be shown to everybody.
    if (algorithm === 'RS256') {
      const posing = sets.generate({ ...request, name: 'public' }, actor);
      await expect(posing).rejects.toMatchObject({ code: 'malformed' });
    }
  });

  it('holds the public part of the private key beside it', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    const [first, second] = await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    expect(second?.jwk).toEqual({ ...publicPart(first?.jwk ?? { kty: '' }), kid: 'public' });
    expect(privateMembersIn(second)).toEqual([]);
  });

  it('refuses a name that is in use, and stores nothing', async () => {
    const { sets, actor, store } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    const before = store.rows();
    const again = sets.generate({ set: 's', algorithm: 'EdDSA', name: '' }, actor);
    await expect(again).rejects.toMatchObject({ code: 'already_exists' });
    expect(store.rows()).toEqual(before);
  });

  it('makes one key when two ask for the same name at once', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    const asked = [1, 2, 3].map(() => sets.generate({ set: 's', algorithm: 'ES256', name: 'x' }, actor));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect(await sets.getSet('s', actor)).toHaveLength(2);
  });

  it.each(['', '.', '..', 'a/b', 'a:b', 'a b', 'ä', 'a%2e', 'x'.repeat(256), '__proto__\n'])(
    'is not made under the ID %j',
    async (set) => {
      const { sets, actor } = await createKeyManagerFixture();
      const refusals = [
        sets.generate({ set, algorithm: 'ES256', name: '' }, actor),
        sets.getSet(set, actor),
        sets.getKey(set, 'public', actor),
        sets.putSet(set, [text(ec, 'x')], actor),
        sets.putKey(set, 'x', text(ec), actor),
        sets.deleteSet(set, actor),
        sets.deleteKey(set, 'x', actor),
      ];
      await Promise.all(refusals.map((refused) => expect(refused).rejects.toMatchObject({ code: 'malformed' })));
    },
  );

  it('takes IDs that are names of the prototype as plain names', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await expect(sets.getSet('constructor', actor)).rejects.toMatchObject({ code: 'not_found' });
    await sets.putKey('__proto__', '__proto__', text(ec), actor);
    expect(names(await sets.getSet('__proto__', actor))).toEqual(['__proto__=__proto__']);
  });

  it('answers the exact key ID first, and else the newest private key under the aliases', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: 'old' }, actor);
    await sets.generate({ set: 's', algorithm: 'EdDSA', name: 'new' }, actor);
    await sets.generate({ set: 's', algorithm: 'HS256', name: 'secret' }, actor);
    expect(names([await sets.getKey('s', 'private', actor)])).toEqual(['private:new=private:new']);
    expect(names([await sets.getKey('s', 'public', actor)])).toEqual(['public:new=public:new']);
    await sets.putKey('s', 'public', text(publicPart(ec)), actor);
    expect((await sets.getKey('s', 'public', actor)).jwk).toEqual({ ...publicPart(ec), kid: 'public' });
  });

  it('answers a public key under the alias where there is no private one', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.putKey('s', 'verifier', text(publicPart(ec)), actor);
    expect(names([await sets.getKey('s', 'public', actor)])).toEqual(['verifier=verifier']);
    await expect(sets.getKey('s', 'private', actor)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not answer what does not exist', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    const refusals = [
      sets.getSet('s', actor),
      sets.getKey('s', 'public', actor),
      sets.deleteSet('s', actor),
      sets.deleteKey('s', 'public', actor),
    ];
    await Promise.all(refusals.map((refused) => expect(refused).rejects.toMatchObject({ code: 'not_found' })));
  });

  it('is replaced as a whole by PUT, twice the same without complaint', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'HS256', name: 'gone' }, actor);
    const jwks = [text(ec, 'private'), text(publicPart(ec), 'public'), text(oct, 'k')];
    for (let time = 0; time < 2; time++) expect(names(await sets.putSet('s', jwks, actor))).toHaveLength(3);
    expect(names(await sets.getSet('s', actor))).toEqual(['private=private', 'k=k', 'public=public']);
  });

  it.each([
    ['no key', []],
    ['a key without kid', [text(ec)]],
    ['two keys of one kid', [text(ec, 'x'), text(otherEc, 'x')]],
    ['51 keys', Array.from({ length: 51 }, (_none, index) => text(oct, `k${index}`))],
    ['a bad kid', [text(ec, 'a/b')]],
    ['a private key under "public"', [text(ec, 'public')]],
    ['a private key under "public:x"', [text(ec, 'public:x')]],
    ['a public key under "private"', [text(publicPart(ec), 'private')]],
    ['a secret under "public"', [text(oct, 'public')]],
    ['a pair that does not belong together', [text(ec, 'private'), text(publicPart(otherEc), 'public')]],
    ['an unsound key', [text({ ...ec, d: otherEc.d ?? '' }, 'x')]],
  ])('is not replaced by %s', async (_name, jwks) => {
    const { sets, actor, store } = await createKeyManagerFixture();
    await expect(sets.putSet('s', jwks, actor)).rejects.toMatchObject({ code: 'malformed' });
    expect(store.rows()).toEqual([]);
  });

  it('takes one key under the ID of the request only', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await expect(sets.putKey('s', 'x', text(ec, 'y'), actor)).rejects.toMatchObject({ code: 'malformed' });
    expect(await sets.putKey('s', 'x', text(ec), actor)).toEqual({ jwk: { ...ec, kid: 'x' }, resourceName: 'x' });
    expect((await sets.putKey('s', 'x', text(otherEc, 'x'), actor)).jwk.d).toBe(otherEc.d);
    expect((await sets.getKey('s', 'x', actor)).jwk.d).toBe(otherEc.d);
  });

  it('does not let a key ID change its algorithm or part', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.putKey('s', 'x', text(ec), actor);
    for (const other of [rsa, oct, publicPart(ec)]) {
      await expect(sets.putKey('s', 'x', text(other), actor)).rejects.toMatchObject({ code: 'already_exists' });
      await expect(sets.putSet('s', [text(other, 'x')], actor)).rejects.toMatchObject({ code: 'already_exists' });
    }
  });

  it('holds no more than a hundred rows', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.putSet(
      's',
      Array.from({ length: 50 }, (_none, index) => text(oct, `k${index}`)),
      actor,
    );
    for (let index = 0; index < 50; index++) await sets.putKey('s', `l${index}`, text(oct), actor);
    await expect(sets.putKey('s', 'more', text(oct), actor)).rejects.toMatchObject({ code: 'too_many' });
    const generated = sets.generate({ set: 's', algorithm: 'ES256', name: 'more' }, actor);
    await expect(generated).rejects.toMatchObject({ code: 'too_many' });
  });

  it('loses one key or all, and says so when there was none', async () => {
    const { sets, actor } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    await sets.deleteKey('s', 'private', actor);
    expect(names(await sets.getSet('s', actor))).toEqual(['public=public']);
    await expect(sets.deleteKey('s', 'private', actor)).rejects.toMatchObject({ code: 'not_found' });
    await sets.deleteSet('s', actor);
    await expect(sets.getSet('s', actor)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is the same for every replica at the next call', async () => {
    const one = await createKeyManagerFixture();
    const two = await createKeyManagerFixture({ store: one.store });
    await one.sets.putKey('s', 'x', text(ec), one.actor);
    expect((await two.sets.getKey('s', 'x', two.actor)).jwk.d).toBe(ec.d);
    await one.sets.deleteKey('s', 'x', one.actor);
    await one.sets.putKey('s', 'x', text(rsa), one.actor);
    expect((await two.sets.getKey('s', 'x', two.actor)).jwk.d).toBe(rsa.d);
    await one.sets.deleteSet('s', one.actor);
    await expect(two.sets.getKey('s', 'x', two.actor)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('tells and notes every private part that is read, and no public one', async () => {
    const { sets, actor, store, released } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    await sets.generate({ set: 's', algorithm: 'HS256', name: '' }, actor);
    await sets.getKey('s', 'public', actor);
    expect(released).toEqual([]);
    await sets.getKey('s', 'private', actor);
    await sets.getSet('s', actor);
    expect(released).toEqual(['s/private by admin', 's/shared by admin', 's/private by admin']);
    const reads = store.audit().filter((line) => line.action === 'read');
    expect(reads.map((line) => line.kid)).toEqual(['private', 'shared', 'private']);
  });

  it('names what would be read, and what a write would hit, without opening or reading it', async () => {
    const { sets, actor, store, released } = await createKeyManagerFixture({ ownSets: true });
    await sets.generate({ set: 's', algorithm: 'ES256', name: 'x' }, actor);
    await sets.putKey('s', 'own', text(rsa), actor);
    const spoil = (key: NewKey): NewKey => ({ ...key, sealed: Buffer.from('not sealed by anybody') });
    await store.changeSet('s', actor, (keys) => ({ put: keys.map(spoil), answer: undefined }));
    const stored = (await store.readSet('s')).keys.map(({ kid }) => kid);
    expect((await sets.nameSet('s')).toSorted()).toEqual(stored.toSorted());
    expect(await sets.nameKey('s', 'own')).toEqual({ read: 'own', stored: 'own' });
    expect(await sets.nameKey('s', 'private:x')).toEqual({ read: 'private:x', stored: 'private:x' });
    expect(await sets.nameKey('s', 'nobody')).toEqual({});
    expect(await sets.nameSet('nobody')).toEqual([]);
    const [kid = ''] = (await store.readSet('hydra.consent.response')).keys.map((key) => key.kid);
    expect(await sets.nameKey('hydra.consent.response', kid)).toEqual({ read: 'public', stored: 'private' });
    expect(await sets.nameKey('hydra.consent.response', 'private')).toEqual({ read: 'private' });
    expect(await sets.nameSet('hydra.consent.response')).toEqual(['private', 'public']);
    expect(await sets.nameKey('hydra.openid.id-token', 'private')).toEqual({ read: 'private' });
    expect(await sets.nameSet('hydra.openid.id-token')).toEqual(['public']);
    expect(released).toEqual([]);
    expect(store.audit().filter((line) => line.action === 'read')).toEqual([]);
  });

  it('answers no key whose name was not allowed, and does not note it as read', async () => {
    const { sets, actor, store } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: 'old' }, actor);
    const allowed = new Set(await sets.nameSet('s'));
    await sets.generate({ set: 's', algorithm: 'ES256', name: 'late' }, actor);
    expect(names(await sets.getSet('s', actor, allowed))).toEqual(['private:old=private:old', 'public:old=public:old']);
    await expect(sets.getKey('s', 'private', actor, allowed)).rejects.toMatchObject({ code: 'not_found' });
    expect(await sets.getSet('s', actor, new Set())).toEqual([]);
    const reads = store.audit().filter((line) => line.action === 'read');
    expect(reads.map((line) => line.kid)).toEqual(['private:old']);
  });

  it('does not read a private part whose audit cannot be written', async () => {
    const { sets, actor, store, released } = await createKeyManagerFixture();
    await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    store.releasePrivate = () => Promise.reject(new Error('audit is full'));
    await expect(sets.getKey('s', 'private', actor)).rejects.toThrow('audit is full');
    expect(released).toEqual([]);
  });
});

describe('with private reads switched off', () => {
  it('no read and no generation answers a private part', async () => {
    const { sets, actor, store } = await createKeyManagerFixture({ exportPrivate: false, ownSets: true });
    const made = await sets.generate({ set: 's', algorithm: 'ES256', name: '' }, actor);
    expect(names(made)).toEqual(['public=public']);
    expect(names(await sets.getSet('s', actor))).toEqual(['public=public']);
    await sets.generate({ set: 's', algorithm: 'HS256', name: '' }, actor);
    await sets.putKey('s', 'own', text(rsa), actor);
    const answers = [await sets.getSet('s', actor), await sets.getSet('hydra.consent.response', actor)];
    expect(privateMembersIn(answers)).toEqual([]);
    expect(names(answers[0] ?? [])).toEqual(['own=own', 'public=public']);
    for (const kid of ['private', 'shared', 'own']) {
      await expect(sets.getKey('s', kid, actor)).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(sets.getKey('hydra.consent.response', 'private', actor)).rejects.toMatchObject({ code: 'forbidden' });
    expect(store.audit().filter((line) => line.action === 'read')).toEqual([]);
  });
});

describe.each(['hydra.openid.id-token', 'hydra.consent.challenge'])('own set %s', (set) => {
  it('shows its public parts only, named by thumbprint and known to policies as public', async () => {
    const { sets, actor, store } = await createKeyManagerFixture({ ownSets: true });
    const views = await sets.getSet(set, actor);
    expect(views).toHaveLength(1);
    const jwk = views[0]?.jwk ?? { kty: '', kid: '' };
    expect(jwk).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB', kid: thumbprint(jwk) });
    expect(views[0]?.resourceName).toBe('public');
    expect(await sets.getKey(set, 'public', actor)).toEqual(views[0]);
    expect(await sets.getKey(set, jwk.kid, actor)).toEqual(views[0]);
    expect(privateMembersIn(views)).toEqual([]);
    await expect(sets.getKey(set, 'private', actor)).rejects.toMatchObject({ code: 'forbidden' });
    expect(store.audit().filter((line) => line.action === 'read')).toEqual([]);
  });

  it('is rotated by generating: the new key is shown at once, current when its time has come, the old one still shown', async () => {
    const { sets, actor, rotation, advanceClock } = await createKeyManagerFixture({ ownSets: true });
    const old = await sets.getKey(set, 'public', actor);
    const made = await sets.generate({ set, algorithm: 'RS256', name: '' }, actor);
    expect(privateMembersIn(made)).toEqual([]);
    expect(made).toHaveLength(1);
    expect(await sets.getKey(set, 'public', actor)).toEqual(old);
    expect(await sets.getSet(set, actor)).toEqual([old, made[0]]);
    advanceClock(120_000);
    await rotation.advance();
    expect(await sets.getKey(set, 'public', actor)).toEqual(made[0]);
    expect(await sets.getSet(set, actor)).toEqual([made[0], old]);
    await sets.deleteKey(set, old.jwk.kid, actor);
    expect(await sets.getSet(set, actor)).toEqual(made);
  });

  it('takes no key from outside, no other algorithm and no name', async () => {
    const { sets, actor } = await createKeyManagerFixture({ ownSets: true });
    await expect(sets.putSet(set, [text(rsa, 'private')], actor)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(sets.putKey(set, 'private', text(rsa), actor)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(sets.generate({ set, algorithm: 'HS256', name: '' }, actor)).rejects.toMatchObject({
      code: 'malformed',
    });
    await expect(sets.generate({ set, algorithm: 'RS256', name: 'x' }, actor)).rejects.toMatchObject({
      code: 'malformed',
    });
  });

  it('has a fresh key from the moment it is deleted, as a whole or its last key', async () => {
    const { sets, actor, signing } = await createKeyManagerFixture({ ownSets: true });
    const seen = new Set([(await sets.getKey(set, 'public', actor)).jwk.kid]);
    await sets.deleteSet(set, actor);
    const second = await sets.getSet(set, actor);
    expect(second).toHaveLength(1);
    seen.add(second[0]?.jwk.kid ?? '');
    await sets.deleteKey(set, second[0]?.jwk.kid ?? '', actor);
    seen.add((await sets.getKey(set, 'public', actor)).jwk.kid);
    expect(seen.size).toBe(3);
    const purpose = set === 'hydra.openid.id-token' ? 'id-token' : 'consent-challenge';
    expect((await signing.verificationKeys(purpose)).map((jwk) => jwk.kid)).toEqual([[...seen].at(-1)]);
  });
});

describe('own sets that are not made', () => {
  it.each(['hydra.https-tls', 'hydra.logout'])('%s: nothing can be put or read', async (set) => {
    const { sets, actor } = await createKeyManagerFixture({ ownSets: true });
    await expect(sets.generate({ set, algorithm: 'ES256', name: '' }, actor)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(sets.putKey(set, 'private', text(ec), actor)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(sets.getKey(set, 'private', actor)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(sets.getSet(set, actor)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('own set hydra.consent.response', () => {
  const set = 'hydra.consent.response';

  it('gives its private key to the consent app, with all that hydra-js reads', async () => {
    const { sets, actor, released } = await createKeyManagerFixture({ ownSets: true });
    const { jwk, resourceName } = await sets.getKey(set, 'private', actor);
    expect(resourceName).toBe('private');
    expect(Object.keys(jwk)).toEqual(['use', 'kty', 'kid', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi']);
    expect(released).toEqual([`${set}/${jwk.kid} by admin`]);
    expect(names(await sets.getSet(set, actor))).toEqual([`${jwk.kid}=private`, `${jwk.kid}=public`]);
    expect(privateMembersIn(await sets.getKey(set, jwk.kid, actor))).toEqual([]);
  });

  it('takes the key of a consent app that keeps its private key to itself', async () => {
    const { sets, actor, signing } = await createKeyManagerFixture({ ownSets: true });
    await sets.putSet(set, [text(publicPart(rsa), 'consent-app')], actor);
    expect(await signing.verificationKeys('consent-response')).toEqual([{ ...publicPart(rsa), kid: 'consent-app' }]);
    await expect(sets.getKey(set, 'private', actor)).rejects.toMatchObject({ code: 'not_found' });
    expect((await sets.getKey(set, 'public', actor)).jwk.kid).toBe('consent-app');
  });

  it.each([
    ['a secret', oct],
    ['an EC key', ec],
    ['a key for encryption', { ...rsa, use: 'enc', alg: 'RSA-OAEP' }],
  ])('does not take %s', async (_name, jwk) => {
    const { sets, actor } = await createKeyManagerFixture({ ownSets: true });
    await expect(sets.putKey(set, 'x', text(jwk), actor)).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('at rest', () => {
  it('no row shows any private or public number of any key', async () => {
    const { sets, actor, store } = await createKeyManagerFixture({ ownSets: true });
    const views = [
      ...(await sets.generate({ set: 's', algorithm: 'RS256', name: '' }, actor)),
      ...(await sets.generate({ set: 's', algorithm: 'HS256', name: '' }, actor)),
      ...(await sets.getSet('hydra.consent.response', actor)),
    ];
    const rows = store.rows().map((row) => JSON.stringify({ ...row, sealed: row.sealed.toString('latin1') }));
    for (const { jwk } of views) {
      for (const member of ['n', 'd', 'p', 'q', 'k'] as const) {
        const number = jwk[member];
        if (number !== undefined) expect(rows.join()).not.toContain(number.slice(0, 16));
      }
    }
  });

  it('a row that was moved to another key ID or set is a fault, never an answer', async () => {
    const { sets, actor, store, signing } = await createKeyManagerFixture({ ownSets: true });
    await sets.generate({ set: 's', algorithm: 'RS256', name: '' }, actor);
    const own = store.rows().find((row) => row.set === 'hydra.openid.id-token');
    const mine = store.rows().find((row) => row.set === 's' && row.part === 'private');
    if (own === undefined || mine === undefined) throw new Error('unreachable');
    const plant = (set: string, key: typeof own) =>
      store.changeSet(set, actor, (keys) => ({ remove: keys.map((old) => old.kid), put: [key], answer: undefined }));
    await plant('s', own);
    await expect(sets.getKey('s', own.kid, actor)).rejects.toThrow('moved or changed');
    await plant('hydra.openid.id-token', mine);
    await expect(signing.verificationKeys('id-token')).rejects.toThrow('moved or changed');
  });
});
