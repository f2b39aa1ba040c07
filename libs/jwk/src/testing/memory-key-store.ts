import type { KeyActor, KeySetChange, KeyStore, NewKey, StoredKey } from '../key-store.js';
import type { SecretVerifier } from '../secrets.js';

/** A line of the audit. */
export type KeyAuditLine = {
  readonly action: 'read' | 'write' | 'delete';
  readonly set: string;
  readonly kid: string;
  readonly version: number;
  readonly peer: string;
  readonly requestId: string;
};

/** A key store in memory that keeps the contract of KeyStore, for tests. */
export type MemoryKeyStore = KeyStore & {
  /** Every row, as an attacker with the database sees them. */
  rows(): readonly StoredKey[];
  audit(): readonly KeyAuditLine[];
};

/** Makes a store that holds the given rows; `now` is its clock in milliseconds since the epoch. */
export function createMemoryKeyStore(rows: readonly StoredKey[] = [], now: () => number = () => 0): MemoryKeyStore {
  const sets = new Map<string, readonly StoredKey[]>();
  for (const row of rows) sets.set(row.set, [...(sets.get(row.set) ?? []), row]);
  const lines: KeyAuditLine[] = [];
  let revision = Math.max(0, ...rows.map((row) => row.version));
  let verifier: SecretVerifier | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  function note(action: KeyAuditLine['action'], keys: readonly StoredKey[], { peer, requestId }: KeyActor): void {
    for (const { set, kid, version } of keys) lines.push({ action, set, kid, version, peer, requestId });
  }

  function store(set: string, key: NewKey, version: number): StoredKey {
    return { set, ...key, version, createdAt: new Date(now()) };
  }

  return {
    rows: () => [...sets.values()].flat(),
    audit: () => lines,
    revision: () => Promise.resolve(revision),
    readSet: (set) => Promise.resolve({ revision, keys: sets.get(set) ?? [] }),
    releasePrivate(set, kids, actor) {
      const released = (sets.get(set) ?? []).filter((key) => kids.includes(key.kid) && key.part !== 'public');
      note('read', released, actor);
      return Promise.resolve(released);
    },
    async changeSet<Answer>(
      set: string,
      actor: KeyActor,
      change: (keys: readonly StoredKey[], version: number) => KeySetChange<Answer>,
    ): Promise<Answer> {
      await Promise.resolve();
      const keys = sets.get(set) ?? [];
      const version = revision + 1;
      const { remove = [], put = [], answer } = change(keys, version);
      const replaced = new Set(put.map((key) => key.kid));
      const made = put.map((key) => store(set, key, version));
      const removed = keys.filter((key) => remove.includes(key.kid) && !replaced.has(key.kid));
      note('delete', removed, actor);
      note('write', made, actor);
      sets.set(set, [...made, ...keys.filter((key) => !remove.includes(key.kid) && !replaced.has(key.kid))]);
      revision = version;
      return answer;
    },
    exclusively(work) {
      const result = queue.then(work);
      queue = result.catch(() => undefined);
      return result;
    },
    claimSecret(mine) {
      if (verifier === undefined && [...sets.values()].flat().length === 0) verifier = mine;
      return Promise.resolve(verifier?.keyId === mine.keyId && verifier.verifier === mine.verifier);
    },
  };
}
