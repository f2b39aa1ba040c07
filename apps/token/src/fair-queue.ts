/** Whose turn a piece of work is: an address, and what it asks about. Both may be empty where they are not known. */
export type Turn = { readonly address: string; readonly clientId: string };

type Waiting = { readonly start: () => void; readonly drop: () => void };

/**
 * Lets `concurrency` pieces of work run and `queue` wait, of one known address at most `perAddress`. Addresses take turns, and
 * so do the clients that one address asks about: whoever sends much waits behind himself. When too many wait, the newest of
 * whoever has most waiting is dropped (`onDropped` makes its error), so that a flood turns away itself and nobody else.
 */
export function createFairQueue(options: {
  readonly concurrency: number;
  readonly queue: number;
  readonly perAddress: number;
  readonly onDropped: () => Error;
}): <T>(turn: Turn, work: () => Promise<T>) => Promise<T> {
  // Maps keep the order of insertion: the first is next, and who had its turn goes to the end.
  const addresses = new Map<string, Map<string, Waiting[]>>();
  let running = 0;
  let waiting = 0;

  function enqueue({ address, clientId }: Turn, entry: Waiting): void {
    const clients = addresses.get(address) ?? new Map<string, Waiting[]>();
    addresses.set(address, clients);
    const entries = clients.get(clientId) ?? [];
    clients.set(clientId, entries);
    entries.push(entry);
    waiting += 1;
    if (address !== '' && sizeOf(clients) > options.perAddress) dropNewest(address, clients);
    else if (waiting > options.queue) dropNewest(...busiest(addresses, sizeOf));
  }

  function dropNewest(address: string, clients: Map<string, Waiting[]>): void {
    const [clientId, entries] = busiest(clients, (list) => list.length);
    const dropped = entries.pop();
    if (entries.length === 0) forget(address, clientId);
    waiting -= 1;
    dropped?.drop();
  }

  function next(): Waiting | undefined {
    for (const [address, clients] of addresses) {
      for (const [clientId, entries] of clients) {
        const entry = entries.shift();
        clients.delete(clientId);
        addresses.delete(address);
        if (entries.length > 0) clients.set(clientId, entries);
        if (clients.size > 0) addresses.set(address, clients);
        waiting -= 1;
        return entry;
      }
    }
    return undefined;
  }

  function forget(address: string, clientId: string): void {
    const clients = addresses.get(address);
    clients?.delete(clientId);
    if (clients?.size === 0) addresses.delete(address);
  }

  return async (turn, work) => {
    if (running >= options.concurrency) {
      // Whoever ends hands its place over.
      await new Promise<void>((resolve, reject) =>
        enqueue(turn, { start: resolve, drop: () => reject(options.onDropped()) }),
      );
    } else running += 1;
    try {
      return await work();
    } finally {
      const successor = next();
      if (successor === undefined) running -= 1;
      else successor.start();
    }
  };
}

function sizeOf(clients: ReadonlyMap<string, readonly unknown[]>): number {
  return [...clients.values()].reduce((sum, entries) => sum + entries.length, 0);
}

/** The entry of a map that is not empty with the greatest size; of equals the last, who came most recently. */
function busiest<V>(map: ReadonlyMap<string, V>, size: (value: V) => number): readonly [string, V] {
  const [first, ...others] = map;
  if (first === undefined) throw new Error('nobody is waiting');
  return others.reduce((most, entry) => (size(entry[1]) >= size(most[1]) ? entry : most), first);
}
