import type { Contender } from '../compare.js';
import { makeWorkload, type Workload } from '../policy/workload.js';
import { benchBasic } from '../servers/bench-client.js';
import { ask } from '../servers/http.js';
import { storeWorkload } from '../servers/policies.js';
import type { Product } from '../servers/product.js';
import { storeClients, storeTokens } from './fill.js';

/** Something that grows in an installation, and what is asked of it meanwhile. */
export type Growth = {
  readonly what: string;
  /** Sizes of a usual run and of a quick one, largest last. */
  readonly sizes: { readonly usual: readonly number[]; readonly quick: readonly number[] };
  /** Makes it so large, from the size before. */
  grow(product: Product, size: number, before: number): Promise<void>;
  /** The work is said without the size. */
  contenders(product: Product, size: number): Promise<readonly Contender[]>;
};

/** The growths of a run, each on what the ones before have left. */
export const growths: readonly Growth[] = [
  {
    what: 'stored tokens',
    sizes: { usual: [10_000, 100_000, 1_000_000, 10_000_000], quick: [1000, 10_000] },
    grow: (product, size, before) => storeTokens(product.databaseUrl, size - before),
    contenders: async (product) => [issuing(product), await introspecting(product)],
  },
  {
    what: 'clients',
    sizes: { usual: [1000, 100_000, 1_000_000], quick: [100, 1000] },
    grow: (product, size, before) => storeClients(product.databaseUrl, size - before, `filler-${size}`),
    contenders: async (product) => [issuing(product)],
  },
  {
    what: 'groups of the subject',
    sizes: { usual: [1, 8, 64], quick: [1, 8] },
    grow: storeMemberships,
    contenders: async (product, size) => [
      await checking(product, [{ subject: memberOf(size), resource: 'rn:org:0:doc:1', action: 'read', context: {} }]),
    ],
  },
  {
    what: 'policies',
    sizes: { usual: [10, 1000, 100_000, 1_000_000], quick: [10, 100] },
    grow: (product, size) => storeWorkload(() => undefined, product, makeWorkload(size)),
    contenders: async (product, size) => [await checking(product, makeWorkload(size).requests.slice(0, 500))],
  },
];

function issuing(product: Product): Contender {
  return posting(product, 'client_credentials', `${product.publicUrl}/oauth2/token`, {
    headers: { Authorization: benchBasic, 'Content-Type': 'application/x-www-form-urlencoded' },
    bodies: ['grant_type=client_credentials&scope=bench'],
  });
}

async function introspecting(product: Product): Promise<Contender> {
  const form = { grant_type: 'client_credentials', scope: 'bench' };
  const answer = await ask(`${product.publicUrl}/oauth2/token`, { form, authorization: benchBasic });
  return posting(product, 'introspection', `${product.publicUrl}/oauth2/introspect`, {
    headers: { Authorization: benchBasic, 'Content-Type': 'application/x-www-form-urlencoded' },
    bodies: [new URLSearchParams({ token: (answer as { access_token: string }).access_token }).toString()],
  });
}

type Question = Pick<Workload['requests'][number], 'subject' | 'resource' | 'action' | 'context'>;

async function checking(product: Product, questions: readonly Question[]): Promise<Contender> {
  return posting(product, '/warden/allowed', `${product.adminUrl}/warden/allowed`, {
    headers: { Authorization: await product.rootAuthorization(), 'Content-Type': 'application/json' },
    bodies: questions.map(({ subject, resource, action, context }) =>
      JSON.stringify({ subject, resource, action, context }),
    ),
  });
}

function posting(
  { pids, output }: Product,
  work: string,
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly bodies: readonly string[] },
): Contender {
  const plan = { kind: 'requests', url, method: 'POST', ...request } as const;
  return { name: 'castellan host', work, pids, output, plan: () => plan };
}

/** Makes so many groups with one member who is in all of them. */
async function storeMemberships(product: Product, size: number): Promise<void> {
  const authorization = await product.rootAuthorization();
  for (let count = 0; count < size; count++)
    await ask(`${product.adminUrl}/warden/groups`, {
      json: { id: `joined-${size}-${count}`, members: [memberOf(size)] },
      authorization,
    });
}

function memberOf(size: number): string {
  return `user:in-${size}-groups`;
}
