import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyActor, KeyStore, NewKey, StoredKey } from '../key-store.js';
import type { KeyLife } from '../life-cycle.js';
import { secretVerifier } from '../secrets.js';
import type { KeyAuditLine } from './memory-key-store.js';

/** A store to be judged by the contract, with what the suite must see or do behind its back. */
export type KeyStoreUnderTest = {
  readonly store: KeyStore;
  /** A second replica over the same data. */
  readonly replica: KeyStore;
  audit(): Promise<readonly KeyAuditLine[]>;
  /** Makes the store as new. */
  clear(): Promise<void>;
  close(): Promise<void>;
};

/** The contract of KeyStore as a test suite. */
export function keyStoreContract(name: string, open: () => Promise<KeyStoreUnderTest>): void {
  describe(`key store: ${name}`, () => {
    const actor: KeyActor = { peer: 'admin', requestId: 'r-1' };
    let subject: KeyStoreUnderTest;

    beforeAll(async () => {
      subject = await open();
    });
    beforeEach(() => subject.clear());
    afterAll(() => subject.close());

    function key(kid: string, part: NewKey['part'] = 'private', sealed = kid): NewKey {
      return { kid, part, algorithm: 'RS256', use: 'sig', sealed: Buffer.from(sealed) };
    }

    function put(set: string, ...keys: NewKey[]): Promise<void> {
      return subject.store.changeSet(set, actor, () => ({ put: keys, answer: undefined }));
    }

    async function kids(set: string): Promise<string[]> {
      return (await subject.store.readSet(set)).keys.map((stored) => stored.kid);
    }

    it('answers an unknown set as empty', async () => {
      expect((await subject.store.readSet('nope')).keys).toEqual([]);
    });

    it('answers what was put, byte for byte', async () => {
      await put('s', { ...key('a', 'secret'), use: '', sealed: Buffer.from([0, 255, 1]) });
      const { keys, revision } = await subject.store.readSet('s');
      expect(keys).toHaveLength(1);
      expect(keys[0]).toMatchObject({
        set: 's',
        kid: 'a',
        part: 'secret',
        algorithm: 'RS256',
        use: '',
        version: revision,
      });
      expect(keys[0]?.sealed.equals(Buffer.from([0, 255, 1]))).toBe(true);
      expect(keys[0]?.createdAt).toBeInstanceOf(Date);
    });

    it('answers the newest write first, and within one write the order given', async () => {
      await put('s', key('b'), key('a'));
      await put('s', key('c'));
      expect(await kids('s')).toEqual(['c', 'b', 'a']);
    });

    it('keeps sets apart', async () => {
      await put('s', key('a'));
      await put('t', key('a'));
      await subject.store.changeSet('s', actor, () => ({ remove: ['a'], answer: undefined }));
      expect([await kids('s'), await kids('t')]).toEqual([[], ['a']]);
    });

    it('replaces a key of the same kid and never gives a version twice', async () => {
      await put('s', key('a', 'private', 'one'));
      const first = (await subject.store.readSet('s')).keys[0]?.version ?? 0;
      await put('s', key('a', 'private', 'two'));
      const [second] = (await subject.store.readSet('s')).keys;
      expect(second?.sealed.toString()).toBe('two');
      expect(second?.version).toBeGreaterThan(first);
      await subject.store.changeSet('s', actor, () => ({ remove: ['a'], answer: undefined }));
      await put('s', key('a', 'private', 'three'));
      expect((await subject.store.readSet('s')).keys[0]?.version).toBeGreaterThan(second?.version ?? 0);
    });

    it('hands a change the keys of its set and the version that its keys will have', async () => {
      await put('s', key('a'), key('b'));
      const seen = await subject.store.changeSet('s', actor, (keys, version) => ({
        put: [key('c')],
        answer: { kids: keys.map((stored) => stored.kid), version },
      }));
      expect(seen.kids).toEqual(['a', 'b']);
      expect((await subject.store.readSet('s')).keys[0]).toMatchObject({ kid: 'c', version: seen.version });
    });

    it('does nothing when a change throws', async () => {
      await put('s', key('a'));
      const before = [await subject.store.revision(), await subject.audit()];
      const refusal = subject.store.changeSet('s', actor, () => {
        throw new Error('refused');
      });
      await expect(refusal).rejects.toThrow('refused');
      expect([await subject.store.revision(), await subject.audit()]).toEqual(before);
      expect(await kids('s')).toEqual(['a']);
    });

    it('raises the revision with every change, as every replica sees', async () => {
      const before = await subject.replica.revision();
      await put('s', key('a'));
      const after = await subject.replica.revision();
      expect(after).toBeGreaterThan(before);
      expect((await subject.replica.readSet('s')).revision).toBe(after);
    });

    it('runs changes of two replicas one after the other', async () => {
      const answers = await Promise.all(
        [subject.store, subject.replica, subject.store, subject.replica].map((store, index) =>
          store.changeSet('s', actor, (keys) =>
            keys.length === 0 ? { put: [key(`k${index}`)], answer: true } : { answer: false },
          ),
        ),
      );
      expect(answers.filter((won) => won)).toHaveLength(1);
      expect(await kids('s')).toHaveLength(1);
    });

    it('releases private and secret keys, leaves public and absent ones out, and notes each in the audit', async () => {
      await put('s', key('private'), key('public', 'public'), key('shared', 'secret'));
      const version = await subject.store.revision();
      const reader = { peer: 'admin', requestId: 'r-2' };
      const released = await subject.store.releasePrivate('s', ['private', 'public', 'shared', 'nope'], reader);
      expect(released.map((stored) => stored.kid)).toEqual(['private', 'shared']);
      const reads = (await subject.audit()).filter((line) => line.action === 'read');
      expect(reads.map((line) => line.kid).sort()).toEqual(['private', 'shared']);
      expect(reads[0]).toMatchObject({ set: 's', version, peer: 'admin', requestId: 'r-2' });
    });

    it('notes what was written and removed in the audit', async () => {
      await put('s', key('a'), key('b'));
      await subject.store.changeSet('s', actor, () => ({
        remove: ['a', 'b', 'nope'],
        put: [key('b')],
        answer: undefined,
      }));
      const lines = (await subject.audit()).map((line) => `${line.action} ${line.kid}`).sort();
      expect(lines).toEqual(['delete a', 'write a', 'write b', 'write b']);
    });

    it('keeps the life of a key, moves it on without a new version, and notes each state in the audit', async () => {
      const staged: KeyLife = { state: 'staged', stagedAt: 1_000, dueAt: 2_000 };
      await put('s', { ...key('a'), life: staged });
      const [before] = (await subject.store.readSet('s')).keys;
      expect(before?.life).toEqual(staged);
      const active: KeyLife = { state: 'active', stagedAt: 1_000, publishedAt: 2_000, activeAt: 3_000 };
      await subject.store.changeSet('s', actor, () => ({
        live: [
          { kid: 'a', life: active },
          { kid: 'nope', life: active },
        ],
        answer: undefined,
      }));
      const [after] = (await subject.replica.readSet('s')).keys;
      expect(after).toEqual({ ...before, life: active });
      await subject.store.changeSet('s', actor, () => ({ remove: ['a'], answer: undefined }));
      const lines = (await subject.audit()).map((line) => `${line.action} ${line.kid} ${line.state ?? ''}`);
      expect(lines).toEqual(['write a staged', 'state a active', 'delete a retired']);
    });

    it('hands a change the clock of the store, which readSet answers too', async () => {
      const { now } = await subject.store.readSet('s');
      const inside = await subject.store.changeSet('s', actor, (_keys, _version, then) => ({ answer: then }));
      expect(inside).toBeGreaterThanOrEqual(now);
    });

    it('refuses two active keys in a set, and two that wait, whoever asks', async () => {
      const at = { stagedAt: 1_000 };
      await put(
        's',
        { ...key('a'), life: { state: 'active', ...at } },
        { ...key('n'), life: { state: 'staged', ...at } },
      );
      await put('t', { ...key('a'), life: { state: 'active', ...at } });
      for (const state of ['active', 'staged', 'published'] as const) {
        await expect(put('s', { ...key('b'), life: { state, ...at } })).rejects.toThrow();
      }
      const activate = { kid: 'n', life: { state: 'active', ...at } } as const;
      const change = subject.store.changeSet('s', actor, () => ({ live: [activate], answer: undefined }));
      await expect(change).rejects.toThrow();
      await subject.store.changeSet('s', actor, () => ({
        live: [{ kid: 'a', life: { state: 'retiring', ...at } }, activate],
        answer: undefined,
      }));
      const states = (await subject.store.readSet('s')).keys.map(
        (stored) => `${stored.kid} ${stored.life?.state ?? ''}`,
      );
      expect(states).toEqual(['a retiring', 'n active']);
    });

    it('adds up the signatures of each key over replicas', async () => {
      const before = (await subject.store.signatureCounts('s')).get('a') ?? 0;
      await subject.store.countSignatures([
        { set: 's', kid: 'a', signatures: 2 },
        { set: 's', kid: 'b', signatures: 1 },
        { set: 't', kid: 'a', signatures: 7 },
      ]);
      await subject.replica.countSignatures([{ set: 's', kid: 'a', signatures: 3 }]);
      await subject.replica.countSignatures([]);
      expect((await subject.replica.signatureCounts('s')).get('a')).toBe(before + 5);
    });

    it('runs exclusive work of two replicas one after the other, also after a failure', async () => {
      let inside = 0;
      const work = async () => {
        inside += 1;
        const alone = inside === 1;
        await subject.store.revision();
        inside -= 1;
        return alone;
      };
      const failing = subject.store.exclusively(() => Promise.reject(new Error('failed')));
      const others = [
        subject.store.exclusively(work),
        subject.replica.exclusively(work),
        subject.store.exclusively(work),
      ];
      await expect(failing).rejects.toThrow('failed');
      expect(await Promise.all(others)).toEqual([true, true, true]);
    });

    const verifierOf = (secret: string) => secretVerifier(secret, 'keys');
    const right = verifierOf('the right system secret');
    const newer = verifierOf('the next system secret');
    const sealedUnder = (keyId: string, rest = 'sealed') =>
      Buffer.concat([Buffer.from(keyId, 'hex'), Buffer.from(rest)]);

    it('takes the first secret it is shown and refuses every other', async () => {
      const wrong = verifierOf('another system secret');
      const accepted = { kind: 'accepted', inUse: right.keyId };
      const refused = { kind: 'refused', missing: [right.keyId] };
      expect(await subject.store.claimSecrets([right])).toEqual(accepted);
      expect(await subject.replica.claimSecrets([right])).toEqual(accepted);
      expect(await subject.replica.claimSecrets([wrong])).toEqual(refused);
      expect(await subject.replica.claimSecrets([{ ...right, verifier: wrong.verifier }])).toEqual(refused);
    });

    it('lets one of two first secrets in', async () => {
      const answers = await Promise.all([subject.store.claimSecrets([right]), subject.replica.claimSecrets([newer])]);
      expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    });

    it('does not take a secret for a store that holds keys and no secret', async () => {
      await put('s', key('a'));
      expect((await subject.store.claimSecrets([right])).kind).toBe('refused');
    });

    it('uses a further secret when it is registered, and then lets nobody in who does not hold both', async () => {
      await subject.store.claimSecrets([right]);
      expect(await subject.store.claimSecrets([newer, right])).toEqual({ kind: 'accepted', inUse: right.keyId });
      await subject.store.addSecret(newer, actor);
      await subject.store.addSecret(newer, actor);
      expect(await subject.replica.claimSecrets([newer, right])).toEqual({ kind: 'accepted', inUse: newer.keyId });
      expect(await subject.replica.claimSecrets([right])).toEqual({ kind: 'refused', missing: [newer.keyId] });
      expect(await subject.replica.claimSecrets([newer])).toEqual({ kind: 'refused', missing: [right.keyId] });
      const lines = (await subject.audit()).map((line) => `${line.action} ${line.set} ${line.kid}`);
      expect(lines).toEqual([`write  ${newer.keyId}`]);
    });

    it('needs the secret of every key, registered or not', async () => {
      await subject.store.claimSecrets([right]);
      await put('s', { ...key('a'), sealed: sealedUnder(newer.keyId) });
      expect(await subject.store.claimSecrets([right])).toEqual({ kind: 'refused', missing: [newer.keyId] });
      expect((await subject.store.claimSecrets([newer, right])).kind).toBe('accepted');
    });

    it('seals keys anew in steps, changes nothing else of them, and then lets the old secret go', async () => {
      await subject.store.claimSecrets([right]);
      await subject.store.addSecret(newer, actor);
      for (const kid of ['a', 'b', 'c']) await put('s', { ...key(kid), sealed: sealedUnder(right.keyId, kid) });
      await put('t', { ...key('d'), sealed: sealedUnder(newer.keyId, 'd') });
      const before = await subject.store.readSet('s');
      expect(await subject.store.removeSecret(right.keyId, actor)).toBe(false);
      const reseal = (stored: StoredKey) => sealedUnder(newer.keyId, `${stored.set}/${stored.kid}`);
      const first = await subject.store.resealSome(newer.keyId, 2, reseal);
      const uses = (await subject.replica.secretUses()).map(({ keyId, keys }) => [keyId, keys]);
      expect([first, new Map(uses as [string, number][])]).toEqual([
        2,
        new Map([
          [right.keyId, 1],
          [newer.keyId, 3],
        ]),
      ]);
      expect(await subject.replica.resealSome(newer.keyId, 2, reseal)).toBe(1);
      expect(await subject.replica.resealSome(newer.keyId, 2, reseal)).toBe(0);
      const after = await subject.store.readSet('s');
      expect(after.keys.map((stored) => stored.sealed.toString('utf8', 4))).toEqual(['s/c', 's/b', 's/a']);
      expect(after.keys.map(({ sealed: _sealed, ...rest }) => rest)).toEqual(
        before.keys.map(({ sealed: _sealed, ...rest }) => rest),
      );
      expect(await subject.store.removeSecret(right.keyId, actor)).toBe(true);
      expect(await subject.replica.claimSecrets([newer])).toEqual({ kind: 'accepted', inUse: newer.keyId });
      const [left] = await subject.replica.secretUses();
      expect(left).toMatchObject({ keyId: newer.keyId, keys: 4 });
      expect(left?.registeredAt).toBeInstanceOf(Date);
    });
  });
}
