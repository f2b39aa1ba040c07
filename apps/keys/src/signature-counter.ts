import type { KeyStore, SignatureCount } from '@castellan/jwk';

/** Counts signatures in memory, and adds them to the store from time to time. */
export type SignatureCounter = {
  add(set: string, kid: string): void;
  /** Stores what was counted since. What cannot be stored is kept for the next time. */
  flush(): Promise<void>;
};

/** Makes a counter. A process that is killed forgets what it counted since the last flush. */
export function createSignatureCounter(store: Pick<KeyStore, 'countSignatures'>): SignatureCounter {
  let counts = new Map<string, SignatureCount>();

  function add(set: string, kid: string, signatures: number): void {
    const name = `${set}/${kid}`;
    counts.set(name, { set, kid, signatures: (counts.get(name)?.signatures ?? 0) + signatures });
  }

  return {
    add: (set, kid) => add(set, kid, 1),
    async flush() {
      if (counts.size === 0) return;
      const counted = [...counts.values()];
      counts = new Map();
      try {
        await store.countSignatures(counted);
      } catch (cause) {
        for (const { set, kid, signatures } of counted) add(set, kid, signatures);
        throw cause;
      }
    },
  };
}
