import { compare, type Contender } from '../compare.js';
import type { Scenario } from '../scenario.js';
import { startFloor } from '../servers/floor.js';
import { names, productServer, rate } from './contenders.js';

const floorName = 'Fastify, same bytes';
const works = { discovery: 'discovery document', jwks: 'JWK Set' } as const;

/** P-6: the documents that every relying party reads, against Fastify serving the same bytes. */
export const documents: Scenario = {
  id: 'P-6',
  title: 'Discovery document and JWK Set',
  guarded: true,
  async run(world) {
    const servers = [await productServer(world, 'host'), await productServer(world, 'services')];
    const origin = new URL(servers[0]?.tokenUrl ?? '').origin;
    const paths = { [works.discovery]: '/.well-known/openid-configuration', [works.jwks]: '/.well-known/jwks.json' };
    const texts: Record<string, string> = {};
    for (const path of Object.values(paths)) texts[path] = await (await fetch(`${origin}${path}`)).text();
    const floor = world.keep(await startFloor('bytes', texts, world.pinning?.server));
    const serving = [
      ...servers.map(({ name, pids, output, tokenUrl }) => ({ name, pids, output, origin: new URL(tokenUrl).origin })),
      { name: floorName, pids: [floor.pid], output: floor.output, origin: floor.url },
    ];
    const rows = await compare(
      world,
      Object.entries(paths).flatMap(([work, path]) =>
        serving.map((server): Contender => {
          const plan = {
            kind: 'requests',
            url: `${server.origin}${path}`,
            method: 'GET',
            headers: {},
            bodies: [],
          } as const;
          return { name: server.name, work, pids: server.pids, output: server.output, plan: () => plan };
        }),
      ),
    );
    const of = (name: string, work: string): (typeof rows)[number] | undefined =>
      rows.find((row) => row.contender === name && row.work === work);
    return {
      rows,
      ratios: Object.values(works).flatMap((work) => [
        rate(`P-6 ${work}: host / Fastify`, of(names.host, work), of(floorName, work), 0.8, true),
        rate(`P-6 ${work}: services / Fastify`, of(names.services, work), of(floorName, work), 0.8, true),
      ]),
      notes: ['Fastify answers from a buffer and sets no header but the content type and length.'],
      violations: [],
    };
  },
};
