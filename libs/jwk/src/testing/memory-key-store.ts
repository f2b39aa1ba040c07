import type { KeyActor, KeySetChange, KeyStore, NewKey, StoredKey } from '../key-store.js';
import type { KeyLife, KeyState } from '../life-cycle.js';
import { judgeClaim, type SecretVerifier } from '../secrets.js';

/** A line of the audit. */
export type KeyAuditLine = {
  readonly action: 'read' | 'write' | 'delete' | 'state';
  readonly set: string;
  readonly kid: string;
  readonly version: number;
  readonly peer: string;
  readonly requestId: string;
  /** The state that the key came into, or `retired`; absent where it has no life cycle. */
  readonly state?: KeyState | 'retired';
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
  const signed = new Map<string, Map<string, number>>();
  let revision = Math.max(0, ...rows.map((row) => row.version));
  const secrets = new Map<string, { readonly verifier: SecretVerifier; readonly registeredAt: Date }>();
  let queue: Promise<unknown> = Promise.resolve();

  function note(action: KeyAuditLine['action'], keys: readonly StoredKey[], { peer, requestId }: KeyActor): void {
    for (const { set, kid, version, life } of keys) {
      const state = action === 'delete' && life !== undefined ? 'retired' : life?.state;
      lines.push({ action, set, kid, version, peer, requestId, ...(state !== undefined ? { state } : {}) });
    }
  }

  function all(): readonly StoredKey[] {
    return [...sets.values()].flat();
  }

  function register(verifier: SecretVerifier): void {
    secrets.set(verifier.keyId, { verifier, registeredAt: new Date(now()) });
  }

  function noteSecret(action: 'write' | 'delete', kid: string, { peer, requestId }: KeyActor): void {
    lines.push({ action, set: '', kid, version: 0, peer, requestId });
  }

  function store(set: string, key: NewKey, version: number): StoredKey {
    return { set, ...key, version, createdAt: new Date(now()) };
  }

  return {
    rows: () => [...sets.values()].flat(),
    audit: () => lines,
    revision: () => Promise.resolve(revision),
    readSet: (set) => Promise.resolve({ revision, now: now(), keys: sets.get(set) ?? [] }),
    releasePrivate(set, kids, actor) {
      const released = (sets.get(set) ?? []).filter((key) => kids.includes(key.kid) && key.part !== 'public');
      note('read', released, actor);
      return Promise.resolve(released);
    },
    async changeSet<Answer>(
      set: string,
      actor: KeyActor,
      change: (keys: readonly StoredKey[], version: number, now: number) => KeySetChange<Answer>,
    ): Promise<Answer> {
      await Promise.resolve();
      const keys = sets.get(set) ?? [];
      const version = revision + 1;
      const { remove = [], live = [], put = [], answer } = change(keys, version, now());
      const replaced = new Set(put.map((key) => key.kid));
      const made = put.map((key) => store(set, key, version));
      const removed = keys.filter((key) => remove.includes(key.kid) && !replaced.has(key.kid));
      const lives = new Map(live.map(({ kid, life }) => [kid, life]));
      const kept = keys
        .filter((key) => !remove.includes(key.kid) && !replaced.has(key.kid))
        .map((key) => ({ ...key, ...withLife(lives.get(key.kid)) }));
      refuseTwo([...made, ...kept]);
      note('delete', removed, actor);
      note(
        'state',
        kept.filter((key) => lives.has(key.kid)),
        actor,
      );
      note('write', made, actor);
      sets.set(set, [...made, ...kept]);
      revision = version;
      return answer;
    },
    countSignatures(counts) {
      for (const { set, kid, signatures } of counts) {
        const of = signed.get(set) ?? new Map<string, number>();
        signed.set(set, of.set(kid, (of.get(kid) ?? 0) + signatures));
      }
      return Promise.resolve();
    },
    signatureCounts: (set) => Promise.resolve(new Map(signed.get(set))),
    exclusively(work) {
      const result = queue.then(work);
      queue = result.catch(() => undefined);
      return result;
    },
    claimSecrets(held) {
      const [first] = held;
      if (secrets.size === 0 && all().length === 0 && first !== undefined) register(first);
      const registered = [...secrets.values()].map(({ verifier }) => verifier);
      return Promise.resolve(judgeClaim(held, registered, [...new Set(all().map(keyIdOf))]));
    },
    addSecret(verifier, actor) {
      if (!secrets.has(verifier.keyId)) noteSecret('write', verifier.keyId, actor);
      if (!secrets.has(verifier.keyId)) register(verifier);
      return Promise.resolve();
    },
    removeSecret(keyId, actor) {
      if (all().some((key) => keyIdOf(key) === keyId)) return Promise.resolve(false);
      if (secrets.delete(keyId)) noteSecret('delete', keyId, actor);
      return Promise.resolve(true);
    },
    secretUses() {
      const ids = new Set([...secrets.keys(), ...all().map(keyIdOf)]);
      const uses = [...ids].map((keyId) => {
        const registered = secrets.get(keyId);
        const keys = all().filter((key) => keyIdOf(key) === keyId).length;
        return { keyId, keys, ...(registered !== undefined ? { registeredAt: registered.registeredAt } : {}) };
      });
      return Promise.resolve(uses);
    },
    resealSome(keyId, limit, reseal) {
      const old = all()
        .filter((key) => keyIdOf(key) !== keyId)
        .slice(0, limit);
      const sealed = new Map(old.map((key) => [key, reseal(key)]));
      for (const [set, keys] of sets) {
        sets.set(
          set,
          keys.map((key) => ({ ...key, sealed: sealed.get(key) ?? key.sealed })),
        );
      }
      return Promise.resolve(old.length);
    },
  };
}

function keyIdOf({ sealed }: StoredKey): string {
  return sealed.toString('hex', 0, 4);
}

function withLife(life: KeyLife | undefined): { readonly life?: KeyLife } {
  return life === undefined ? {} : { life };
}

function refuseTwo(keys: readonly StoredKey[]): void {
  const count = (...states: readonly KeyState[]): number =>
    keys.filter(({ life }) => life !== undefined && states.includes(life.state)).length;
  if (count('active') > 1 || count('staged', 'published') > 1) throw new Error('two keys of a set in the same place');
}
