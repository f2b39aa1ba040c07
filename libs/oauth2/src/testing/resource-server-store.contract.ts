import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceServer, ResourceServerStore } from '../resource-server.js';

/** One store, and the same data through another replica. */
export type ResourceServerStoreHarness = {
  readonly servers: ResourceServerStore;
  readonly replica: ResourceServerStore;
  close(): Promise<void>;
};

/** What every store of resource servers does. */
export function resourceServerStoreContract(name: string, open: () => Promise<ResourceServerStoreHarness>): void {
  describe(`resource server store contract: ${name}`, () => {
    let harness: ResourceServerStoreHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const photos: ResourceServer = {
      id: 'photos',
      uri: 'https://photos.example/api',
      name: 'Fotös',
      scopes: ['photos'],
      accessTokenFormat: 'jwt',
      accessTokenLifetimeMs: 60_000,
    };
    const plain: ResourceServer = { id: 'a', uri: 'urn:plain', name: '', scopes: [] };

    it('answers what was stored, by URI, at once on every replica', async () => {
      expect(await harness.servers.put(photos)).toBe(true);
      expect(await harness.servers.put(plain)).toBe(true);
      expect(await harness.replica.find([photos.uri, 'urn:absent'])).toEqual([photos]);
      expect(await harness.replica.list()).toEqual([plain, photos]);
    });

    it('replaces by id, and never has one URI twice', async () => {
      await harness.servers.put(photos);
      expect(await harness.servers.put({ ...plain, uri: photos.uri })).toBe(false);
      const { accessTokenFormat: _format, ...opaque } = photos;
      expect(await harness.servers.put(opaque)).toBe(true);
      expect(await harness.replica.list()).toEqual([opaque]);
    });

    it('removes', async () => {
      await harness.servers.put(photos);
      expect(await harness.servers.remove('photos')).toBe(true);
      expect(await harness.replica.find([photos.uri])).toEqual([]);
      expect(await harness.servers.remove('photos')).toBe(false);
    });
  });
}
