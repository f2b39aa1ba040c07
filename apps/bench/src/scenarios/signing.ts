import { compare, type Contender } from '../compare.js';
import type { CallsPlan } from '../load/plan.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { jwtAlgorithms, type JwtAlgorithm } from '../servers/bench-client.js';
import { signAccessTokensWith } from '../servers/signing-key.js';
import type { Product } from '../servers/product.js';
import { rate, rowOf } from './contenders.js';

const ways = [
  { name: 'key manager, batched on a stream', transport: 'stream', connections: 64 },
  { name: 'key manager, a call each', transport: 'unary', connections: 64 },
  { name: 'key manager, one caller', transport: 'stream', connections: 1 },
] as const;
const [batched, single] = ways;

/** The key manager's sign path, as the token service uses it: over gRPC with mutual TLS. */
export const signing: Scenario = {
  id: 'SIGN',
  title: 'Signatures by the key manager',
  isLong: true,
  async run(world) {
    const product = await world.product('services');
    const keys = product.processes.find(({ name }) => name === 'keys');
    if (keys === undefined) throw new Error('there is no key manager of its own');
    const rows: Row[] = [];
    const ratios: Ratio[] = [];
    for (const algorithm of jwtAlgorithms) {
      await signAccessTokensWith(product, algorithm);
      const work = `sign, ${algorithm}`;
      rows.push(
        ...(await compare(
          world,
          ways.map((way) => contenderOf(product, keys.pid, algorithm, way)),
        )),
      );
      const of = (name: string): Row | undefined => rowOf(rows, name, work);
      ratios.push(rate(`SIGN ${algorithm}: batched / a call each`, of(batched.name), of(single.name)));
    }
    return {
      rows,
      ratios,
      notes: [
        'CPU is that of the key manager alone. RSA signatures (2048 bits) run on its thread pool, so they take more than one ' +
          'core where there is one; ES256 and EdDSA run on the event loop, which costs less than the way to a thread.',
        'Every signature checks its claims, reads a fence that concurrent calls share and counts for the audit.',
      ],
      violations: [],
    };
  },
};

function contenderOf(
  product: Product,
  pid: number,
  algorithm: JwtAlgorithm,
  { name, transport, connections }: (typeof ways)[number],
): Contender {
  const plan: CallsPlan = {
    kind: 'calls',
    target: product.targets.keys,
    tls: product.certificate('token'),
    transport,
    work: { kind: 'sign', issuer: product.publicUrl },
  };
  return { name, work: `sign, ${algorithm}`, pids: [pid], output: product.output, plan: () => plan, connections };
}
