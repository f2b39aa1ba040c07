import { compare, type Contender } from '../compare.js';
import type { CallsPlan, CheckWork } from '../load/plan.js';
import { makeWorkload } from '../policy/workload.js';
import type { Ratio, Row, Scenario } from '../scenario.js';
import { benchBasic } from '../servers/bench-client.js';
import type { Product } from '../servers/product.js';
import { measureStatements } from '../statements/measure-statements.js';
import { names, rate, rowOf } from './contenders.js';

const works = { token: 'client_credentials, opaque', warden: '/warden/allowed', log: 'client_credentials, access log' };
const fence = { work: 'Check on a stream', on: 'fence read', off: 'policies of a bounded age' } as const;
const unaryName = 'separate services, a call each';
const logName = 'castellan host, access log on';

/** What makes the figures: one thing changed at a time, where there is a switch for it. */
export const steps: Scenario = {
  id: 'STEPS',
  title: 'How it gets there: one change at a time',
  isLong: true,
  async run(world) {
    const services = await world.product('services');
    const unary = await world.variant('unary', 'services', { GRPC_TRANSPORT: 'unary' });
    const host = await world.product('host');
    const logging = await world.variant('logging', 'host', { LOG_REQUESTS: '1' });
    const rows = await compare(world, [
      ...(await transportContenders(names.services, services)),
      ...(await transportContenders(unaryName, unary)),
      tokenContender(names.host, works.log, host),
      tokenContender(logName, works.log, logging),
      checkContender(fence.on, services, undefined),
      checkContender(fence.off, services, 'minimize-latency'),
    ]);
    const statements = await measureStatements(world);
    return {
      rows: [...rows, ...statements.rows],
      ratios: [...ratiosOf(rows), ...statements.ratios],
      notes: [
        'Transport: the calls between our own services as batches on one long-lived stream, against one gRPC call each ' +
          '(`GRPC_TRANSPORT=unary`).',
        'Statements: the product’s own token store with 64 calls at once, against 64 stores with one call each, which is one ' +
          'statement per call; the same SQL, prepared, on the same ten connections.',
        'Fence: a decision by policies that are at least as new as the request, against one by policies of a bounded age.',
      ],
      violations: [],
    };
  },
};

async function transportContenders(name: string, product: Product): Promise<Contender[]> {
  const headers = { Authorization: await product.rootAuthorization(), 'Content-Type': 'application/json' };
  const bodies = makeWorkload(100)
    .requests.slice(0, 500)
    .map(({ subject, resource, action, context }) => JSON.stringify({ subject, resource, action, context }));
  const url = `${product.adminUrl}/warden/allowed`;
  const plan = { kind: 'requests', url, method: 'POST', headers, bodies } as const;
  const { pids, output } = product;
  return [tokenContender(name, works.token, product), { name, work: works.warden, pids, output, plan: () => plan }];
}

function tokenContender(name: string, work: string, { publicUrl, pids, output }: Product): Contender {
  const headers = { Authorization: benchBasic, 'Content-Type': 'application/x-www-form-urlencoded' };
  const bodies = ['grant_type=client_credentials&scope=bench'];
  const plan = { kind: 'requests', url: `${publicUrl}/oauth2/token`, method: 'POST', headers, bodies } as const;
  return { name, work, pids, output, plan: () => plan };
}

function checkContender(name: string, product: Product, consistency: CheckWork['consistency']): Contender {
  const checks = makeWorkload(100).requests.slice(0, 500);
  const plan: CallsPlan = {
    kind: 'calls',
    target: product.targets.warden,
    tls: product.certificate('admin'),
    transport: 'stream',
    work: { kind: 'check', checks, ...(consistency === undefined ? {} : { consistency }) },
  };
  return { name, work: fence.work, pids: product.pids, output: product.output, plan: () => plan };
}

function ratiosOf(rows: readonly Row[]): Ratio[] {
  const of = (name: string, work: string): Row | undefined => rowOf(rows, name, work);
  return [
    ...[works.token, works.warden].map((work) =>
      rate(`STEPS ${work}: stream / a call each`, of(names.services, work), of(unaryName, work)),
    ),
    rate('STEPS access log off / on', of(names.host, works.log), of(logName, works.log)),
    rate('STEPS check: policies of a bounded age / fence read', of(fence.off, fence.work), of(fence.on, fence.work)),
  ];
}
