import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientStore } from '../client-store.js';
import { sampleClient } from './sample-client.js';

/** One store, and the same data through another replica. */
export type ClientStoreHarness = {
  readonly clients: ClientStore;
  readonly replica: ClientStore;
  advanceClock(milliseconds: number): Promise<void>;
  close(): Promise<void>;
};

const secret = { kind: 'hmac', hash: 'verifier' } as const;

/** What every client store does. */
export function clientStoreContract(name: string, open: () => Promise<ClientStoreHarness>): void {
  describe(`client store contract: ${name}`, () => {
    let harness: ClientStoreHarness;
    let clients: ClientStore;

    beforeEach(async () => {
      harness = await open();
      clients = harness.clients;
    });
    afterEach(() => harness.close());

    it('answers a stored client as it was, on every replica', async () => {
      const client = sampleClient({
        name: 'Fotos <&> "ünïcode"',
        owner: 'o',
        redirectUris: ['https://rp.example/cb', 'com.example.app:/cb'],
        responseTypes: ['code id_token', 'token'],
        contacts: ['a@b.c', 'd,{e}@f"g\\'],
        policyUri: 'https://rp.example/p',
        tosUri: 'https://rp.example/t',
        clientUri: 'https://rp.example/',
        logoUri: 'https://rp.example/l',
        tokenEndpointAuthMethod: 'client_secret_post',
        requirePkce: true,
        openid: {
          subjectType: 'pairwise',
          defaultMaxAge: 0,
          defaultAcrValues: ['a'],
          idTokenSignedResponseAlg: 'ES256',
        },
      });
      expect(await clients.insert(client, secret)).toBe(true);
      const stored = await harness.replica.find('conf');
      expect(stored?.client).toEqual(client);
      expect(stored?.secret).toEqual(secret);
      expect(stored?.revision).toBe(1);
    });

    it('keeps public clients without a verifier', async () => {
      await clients.insert(sampleClient({ public: true }), undefined);
      expect(await clients.find('conf')).not.toHaveProperty('secret');
    });

    it('stores nothing under an id that is taken', async () => {
      await clients.insert(sampleClient({ name: 'first' }), secret);
      expect(await clients.insert(sampleClient({ name: 'second' }), secret)).toBe(false);
      expect((await clients.find('conf'))?.client.name).toBe('first');
    });

    it('compares ids byte by byte', async () => {
      await clients.insert(sampleClient({ id: 'conf' }), secret);
      expect(await clients.find('CONF')).toBeUndefined();
      expect(await clients.find('')).toBeUndefined();
    });

    it('answers each of many simultaneous look-ups its own client', async () => {
      const ids = Array.from({ length: 20 }, (_, index) => `client-${index}`);
      for (const id of ids) await clients.insert(sampleClient({ id }), secret);
      const found = await Promise.all([...ids, ...ids, 'absent'].map((id) => clients.find(id)));
      expect(found.map((stored) => stored?.client.id)).toEqual([...ids, ...ids, undefined]);
    });

    it('raises the revision with every update and keeps the immutable id', async () => {
      await clients.insert(sampleClient(), secret);
      const before = await clients.find('conf');
      expect(await clients.update(sampleClient({ name: 'renamed' }), 'keep')).toBe(true);
      const after = await clients.find('conf');
      expect(after?.client.name).toBe('renamed');
      expect(after?.revision).toBe(2);
      expect(after?.uid).toBe(before?.uid);
      expect(after?.secret).toEqual(secret);
    });

    it('replaces or removes the verifier when told', async () => {
      await clients.insert(sampleClient(), secret);
      await clients.update(sampleClient(), { kind: 'argon2id', hash: 'other' });
      expect((await clients.find('conf'))?.secret).toEqual({ kind: 'argon2id', hash: 'other' });
      await clients.update(sampleClient({ public: true }), 'none');
      expect(await clients.find('conf')).not.toHaveProperty('secret');
    });

    const next = { kind: 'hmac', hash: 'next' } as const;

    it('keeps the old secret beside the new one until its end, and no third (C9)', async () => {
      await clients.insert(sampleClient(), secret);
      expect(await clients.rotateSecret('conf', next, { overlapMs: 60_000 })).toBe(true);
      const first = await harness.replica.find('conf');
      expect(first).toMatchObject({ revision: 2, secret: next, previousSecret: { hash: secret } });
      expect(first).not.toHaveProperty('secretUse');
      const third = { kind: 'hmac', hash: 'third' } as const;
      await clients.rotateSecret('conf', third, { overlapMs: 5_000, lifetimeMs: 90_000 });
      const second = await harness.replica.find('conf');
      expect(second).toMatchObject({ secret: third, previousSecret: { hash: next } });
      const [ends, endsBefore] = [second?.secretUse?.expiresAt ?? 0, second?.previousSecret?.use.expiresAt ?? 0];
      expect(ends - endsBefore).toBe(85_000);
      await clients.rotateSecret('conf', next, { overlapMs: 600_000 });
      expect((await clients.find('conf'))?.previousSecret?.use.expiresAt).toBe(ends);
    });

    it('ends the old secret at once without an overlap', async () => {
      await clients.insert(sampleClient(), secret);
      await clients.rotateSecret('conf', next, { overlapMs: 0 });
      expect(await clients.find('conf')).not.toHaveProperty('previousSecret');
      await clients.rotateSecret('conf', secret, { overlapMs: 1_000 });
      await clients.update(sampleClient(), next);
      expect(await clients.find('conf')).not.toHaveProperty('previousSecret');
    });

    it('gives no secret to a client without one, nor to one that is absent', async () => {
      await clients.insert(sampleClient({ public: true }), undefined);
      expect(await clients.rotateSecret('conf', next, { overlapMs: 0 })).toBe(false);
      expect(await clients.rotateSecret('absent', next, { overlapMs: 0 })).toBe(false);
    });

    it('notes the last use of each secret and keeps the revision', async () => {
      await clients.insert(sampleClient(), secret);
      await clients.rotateSecret('conf', next, { overlapMs: 60_000 });
      const uid = (await clients.find('conf'))?.uid ?? '';
      await clients.noteSecretUse(uid, 'previous');
      await harness.advanceClock(1_000);
      await clients.noteSecretUse(uid, 'current');
      const stored = await clients.find('conf');
      expect(stored?.revision).toBe(2);
      const [current, previous] = [stored?.secretUse?.lastUsedAt ?? 0, stored?.previousSecret?.use.lastUsedAt ?? 0];
      expect(current - previous).toBeGreaterThanOrEqual(1_000);
    });

    it('notes when it was made and when it was changed last', async () => {
      await clients.insert(sampleClient(), secret);
      const before = await clients.find('conf');
      await harness.advanceClock(1_000);
      await clients.update(sampleClient({ name: 'renamed' }), 'keep');
      const after = await clients.find('conf');
      expect(after?.createdAt).toBe(before?.createdAt);
      expect(after?.updatedAt).toBeGreaterThanOrEqual((before?.updatedAt ?? 0) + 1_000);
      expect(before?.updatedAt).toBeGreaterThanOrEqual(before?.createdAt ?? Infinity);
    });

    it('updates a client that is at the revision given, and no other: of simultaneous ones one wins (AD-13)', async () => {
      await clients.insert(sampleClient(), secret);
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd'].map((name, index) =>
          (index % 2 === 0 ? clients : harness.replica).update(sampleClient({ name }), 'keep', 1),
        ),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect(await clients.update(sampleClient({ name: 'late' }), 'keep', 1)).toBe(false);
      expect(await clients.update(sampleClient({ name: 'next' }), 'keep', 2)).toBe(true);
      expect((await clients.find('conf'))?.client.name).toBe('next');
    });

    it('keeps what an operator notes about a client', async () => {
      const metadata = { tier: 'gold', list: [1, null, { constructor: 'x' }] };
      await clients.insert(sampleClient({ metadata }), secret);
      expect((await harness.replica.find('conf'))?.client.metadata).toEqual(metadata);
      await clients.update(sampleClient(), 'keep');
      expect((await clients.find('conf'))?.client).not.toHaveProperty('metadata');
    });

    it('ends the secret before the last rotation when told, and no other', async () => {
      await clients.insert(sampleClient(), secret);
      await clients.rotateSecret('conf', next, { overlapMs: 60_000 });
      expect(await clients.endPreviousSecret('conf')).toBe(true);
      const stored = await harness.replica.find('conf');
      expect(stored).toMatchObject({ secret: next, revision: 3 });
      expect(stored).not.toHaveProperty('previousSecret');
      expect(await clients.endPreviousSecret('conf')).toBe(true);
      expect((await clients.find('conf'))?.revision).toBe(3);
      expect(await clients.endPreviousSecret('absent')).toBe(false);
    });

    it('puts a verifier of the same secret in the place of the one that was read, and keeps the revision', async () => {
      await clients.insert(sampleClient(), secret);
      await clients.rotateSecret('conf', next, { overlapMs: 60_000 });
      const uid = (await clients.find('conf'))?.uid ?? '';
      const renewed = { kind: 'hmac', hash: 'renewed' } as const;
      const older = { kind: 'hmac', hash: 'renewed-too' } as const;
      expect(await clients.replaceVerifier(uid, 'current', { from: next, to: renewed })).toBe(true);
      expect(await clients.replaceVerifier(uid, 'previous', { from: secret, to: older })).toBe(true);
      expect(await clients.find('conf')).toMatchObject({
        revision: 2,
        secret: renewed,
        previousSecret: { hash: older },
      });
    });

    it('leaves a secret alone that was changed since its verifier was read', async () => {
      await clients.insert(sampleClient(), secret);
      const uid = (await clients.find('conf'))?.uid ?? '';
      await clients.update(sampleClient(), next);
      const to = { kind: 'hmac', hash: 'renewed' } as const;
      expect(await clients.replaceVerifier(uid, 'current', { from: secret, to })).toBe(false);
      expect(await clients.replaceVerifier(uid, 'previous', { from: next, to })).toBe(false);
      expect((await clients.find('conf'))?.secret).toEqual(next);
    });

    it('gives back a registered authentication method that an update drops', async () => {
      await clients.insert(sampleClient({ tokenEndpointAuthMethod: 'client_secret_basic' }), secret);
      await clients.update(sampleClient(), 'keep');
      expect((await clients.find('conf'))?.client).not.toHaveProperty('tokenEndpointAuthMethod');
    });

    it('answers false for the update and the removal of an absent client', async () => {
      expect(await clients.update(sampleClient(), 'keep')).toBe(false);
      expect(await clients.remove('conf')).toBe(false);
    });

    it('gives a client that is made again under the same id another immutable id', async () => {
      await clients.insert(sampleClient(), secret);
      const first = await clients.find('conf');
      expect(await clients.remove('conf')).toBe(true);
      expect(await clients.find('conf')).toBeUndefined();
      await clients.insert(sampleClient(), secret);
      expect((await clients.find('conf'))?.uid).not.toBe(first?.uid);
    });

    it('lists clients in bytewise order, page by page', async () => {
      for (const id of ['b', 'a', 'B', 'a.1', 'c']) await clients.insert(sampleClient({ id }), secret);
      const ids = async (after: string, limit: number) =>
        (await clients.list({ after, limit })).map((stored) => stored.client.id);
      expect(await ids('', 0)).toEqual(['B', 'a', 'a.1', 'b', 'c']);
      expect(await ids('', 2)).toEqual(['B', 'a']);
      expect(await ids('a', 2)).toEqual(['a.1', 'b']);
      expect(await ids('c', 2)).toEqual([]);
    });

    it('lists the clients of a name and of an owner, page by page, and no others (DB-06)', async () => {
      const rows = ['a', 'b', 'c', 'd'].map((id) => ({
        id,
        name: id < 'c' ? "o'n" : 'x',
        owner: id === 'b' ? '' : 'al',
      }));
      for (const row of rows) await clients.insert(sampleClient(row), secret);
      const ids = async (filter: { name?: string; owner?: string }, after = '', limit = 0) =>
        (await clients.list({ ...filter, after, limit })).map((stored) => stored.client.id);
      expect(await ids({ name: "o'n" })).toEqual(['a', 'b']);
      expect(await ids({ owner: 'al' }, 'a', 1)).toEqual(['c']);
      expect(await ids({ owner: '' })).toEqual(['b']);
      expect(await ids({ name: 'x', owner: 'al' })).toEqual(['c', 'd']);
      expect(await ids({ name: "' OR true --" })).toEqual([]);
    });

    it('stores one of several first clients, and none once there is any', async () => {
      const stores = [clients, harness.replica];
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (stores[index % 2] ?? clients).insertFirst(sampleClient({ id: `root-${index}` }), secret),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await clients.list({ after: '', limit: 0 })).toHaveLength(1);
      expect(await clients.insertFirst(sampleClient({ id: 'late' }), secret)).toBe(false);
    });
  });
}
