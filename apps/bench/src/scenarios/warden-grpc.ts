import { compare, type Contender } from '../compare.js';
import type { CallsPlan } from '../load/plan.js';
import { makeWorkload } from '../policy/workload.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { startRpcEcho } from '../servers/rpc-echo.js';
import { names, rate, rowOf } from './contenders.js';

const echoName = 'empty handler, same transport';

/** Who asks decides how: outside callers unary or in batches, our own services on a stream. */
const works = [
  { work: 'Check, unary', kind: 'check', transport: 'unary', as: 'client' },
  { work: 'Check by the SDK, unary', kind: 'sdk-check', transport: 'unary', as: 'client' },
  { work: 'Check by the SDK, stream', kind: 'sdk-stream-check', transport: 'unary', as: 'client' },
  { work: 'BatchCheck of 64', kind: 'batch-check', transport: 'unary', as: 'client' },
  { work: 'Check, stream between services', kind: 'check', transport: 'stream', as: 'admin' },
] as const;
const [unary, sdk, sdkStream, batch, stream] = works;

type Served = Pick<Contender, 'pids' | 'output'>;

/** P-8: checks over gRPC with mutual TLS, as a service of another team asks and as our own services ask. */
export const wardenGrpc: Scenario = {
  id: 'P-8',
  title: 'Warden over gRPC: unary, SDK, batch and stream',
  async run(world) {
    const checks = makeWorkload(100).requests.slice(0, 500);
    const host = await world.product('host');
    const services = await world.product('services');
    const echo = world.keep(await startRpcEcho(services.certificatePaths, world.pinning?.server));
    const contenders = works.flatMap(({ work, kind, transport, as }): Contender[] => {
      const by = (
        name: string,
        target: string,
        { pids, output }: Served,
        tls = services.certificate(as),
      ): Contender => {
        const plan: CallsPlan = { kind: 'calls', target, tls, transport, work: { kind, checks } };
        return { name, work, pids, output, plan: () => plan };
      };
      return [
        ...(as === 'client' ? [by(names.host, host.targets.warden, host, host.certificate(as))] : []),
        by(names.services, services.targets.warden, services),
        ...(kind.startsWith('sdk') ? [] : [by(echoName, echo.target, { pids: [echo.pid], output: echo.output })]),
      ];
    });
    const rows = await compare(world, contenders);
    return {
      rows,
      ratios: ratiosOf(rows),
      notes: [
        'Figures are decisions per second; a batch counts 64. The client is one process and is not part of the CPU figures.',
        'The stream carries the calls of one turn of the event loop in one message, as between the product’s own services.',
        'The empty handler sits behind the product’s own gRPC server with the same certificates, and answers a constant.',
      ],
      violations: [],
    };
  },
};

function ratiosOf(rows: readonly Row[]): Ratio[] {
  const of = (name: string, work: string): Row | undefined => rowOf(rows, name, work);
  return [
    rate('P-8 stream: services / empty handler', of(names.services, stream.work), of(echoName, stream.work), 0.8),
    rate('P-8 unary: services / empty handler', of(names.services, unary.work), of(echoName, unary.work)),
    rate('P-8 batch: services / empty handler', of(names.services, batch.work), of(echoName, batch.work)),
    rate('P-8 services: stream / unary', of(names.services, stream.work), of(names.services, unary.work)),
    rate('P-8 services: SDK, stream / unary', of(names.services, sdkStream.work), of(names.services, sdk.work)),
    rate('P-8 services: batch / unary', of(names.services, batch.work), of(names.services, unary.work)),
    rate('P-8 host: batch / unary', of(names.host, batch.work), of(names.host, unary.work)),
  ];
}
