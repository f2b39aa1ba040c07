import type { ResourceServer, ResourceServerStore } from '../resource-server.js';

/** Resource servers in memory, for tests. */
export function createMemoryResourceServerStore(): ResourceServerStore {
  const servers = new Map<string, ResourceServer>();
  return {
    async put(server) {
      if ([...servers.values()].some(({ id, uri }) => uri === server.uri && id !== server.id)) return false;
      servers.set(server.id, server);
      return true;
    },
    find: async (uris) => [...servers.values()].filter(({ uri }) => uris.includes(uri)),
    list: async () => [...servers.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    remove: async (id) => servers.delete(id),
  };
}
