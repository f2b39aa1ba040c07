import { Gauge, type Metrics } from '@castellan/service';
import type { KeyManager } from './key-manager.js';

/**
 * Publishes, read from the database at each scrape, how many keys are sealed under which system secret (by its key ID)
 * and how many signing keys are in which state. While the database is away the last numbers are shown.
 */
export function registerKeyMetrics({ registry }: Metrics, manager: KeyManager): Gauge[] {
  const registers = [registry];
  return [
    new Gauge({
      name: 'castellan_keys_sealed',
      help: 'Keys sealed under each system secret, by the key ID of the secret.',
      labelNames: ['secret'],
      registers,
      collect: gather(async (gauge) => {
        for (const { keyId, keys } of await manager.secretUses()) gauge.set({ secret: keyId }, keys);
      }),
    }),
    new Gauge({
      name: 'castellan_keys_signing',
      help: 'Keys of the signing sets, by state.',
      labelNames: ['set', 'state'],
      registers,
      collect: gather(async (gauge) => {
        for (const { set, keys } of await manager.rotation.plan()) {
          for (const state of ['staged', 'published', 'active', 'retiring']) {
            gauge.set({ set, state }, keys.filter((key) => key.state === state).length);
          }
        }
      }),
    }),
    new Gauge({
      name: 'castellan_keys_signatures',
      help: 'Signatures made with the keys that are in the signing sets now, as far as they were counted.',
      labelNames: ['set'],
      registers,
      collect: gather(async (gauge) => {
        for (const { set, keys } of await manager.rotation.plan()) {
          gauge.set(
            { set },
            keys.reduce((sum, { signatures }) => sum + signatures, 0),
          );
        }
      }),
    }),
  ];
}

type Values = Pick<Gauge, 'set'>;

/** Collects new values in the place of the old ones; a database that does not answer leaves those. */
function gather(read: (values: Values) => Promise<void>): (this: Gauge) => Promise<void> {
  return async function collect(this: Gauge) {
    const fresh: [labels: object, value: number][] = [];
    const values = { set: (labels: object, value: number) => void fresh.push([labels, value]) } as Values;
    try {
      await read(values);
    } catch {
      return;
    }
    this.reset();
    for (const [labels, value] of fresh) this.set(labels, value);
  };
}
