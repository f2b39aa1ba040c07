import { compare, type Contender } from '../compare.js';
import { makeWorkload } from '../policy/workload.js';
import type { Row, Scenario } from '../scenario.js';
import { names } from './contenders.js';

const works = [
  { work: 'Check, unary', batch: 1 },
  { work: 'BatchCheck of 64', batch: 64 },
] as const;

/** P-8: checks over gRPC with mutual TLS, as a service of another team asks. */
export const wardenGrpc: Scenario = {
  id: 'P-8',
  title: 'Warden over gRPC: unary and batch',
  guarded: false,
  async run(world) {
    const checks = makeWorkload(100).requests.slice(0, 500);
    const contenders: Contender[] = [];
    for (const mode of ['host', 'services'] as const) {
      const product = await world.product(mode);
      const { target, security } = product.warden;
      if (security.kind !== 'tls') throw new Error('the Warden’s door is not closed by TLS');
      const tls = { ca: String(security.ca), cert: String(security.cert), key: String(security.key) };
      for (const { work, batch } of works) {
        const plan = { kind: 'checks', target, tls, batch, checks } as const;
        contenders.push({ name: names[mode], work, pids: product.pids, output: product.output, plan: () => plan });
      }
    }
    const rows = await compare(world, contenders);
    const of = (name: string, work: string): Row | undefined =>
      rows.find((row) => row.contender === name && row.work === work);
    const gain = (name: string): number =>
      (of(name, works[1].work)?.perSecond ?? NaN) / (of(name, works[0].work)?.perSecond ?? NaN);
    return {
      rows,
      ratios: [
        { name: 'P-8 host: decisions in batches / one by one', value: gain(names.host), unit: 'x' },
        { name: 'P-8 services: decisions in batches / one by one', value: gain(names.services), unit: 'x' },
      ],
      notes: [
        'Figures are decisions per second; a batch counts 64. The client is one process and is not part of the CPU figures.',
      ],
      violations: [],
    };
  },
};
