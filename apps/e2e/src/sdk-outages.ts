import type { TokenDecision, WardenClient, WardenClientOptions } from '@castellan/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guardedApps, type GuardedApp } from './guarded-apps.js';
import { send } from './http.js';
import type { Product, ServiceName } from './product.js';
import type { Replica } from './replica.js';

/** What the outages happen to: a product of separate services, and whoever asks its Warden. */
export type OutageStage = {
  product(): Product;
  connect(access: string, options: Partial<WardenClientOptions>): WardenClient;
  /** An access token that may read article 7, as Peter may. */
  tokenOf(): Promise<string>;
};

/** For what comes back by itself: channels wait longer and longer before they connect again. */
const patience = { timeout: 120_000 };
const check = { subject: 'peter', resource: 'article:7', action: 'read' };

/** Tests of the SDK while services are away, which are there again afterwards. */
export function itOutlivesOutages({ product, connect, tokenOf }: OutageStage): void {
  const replicaOf = (service: ServiceName): Replica => {
    const found = product().replicas.find((replica) => replica.service === service);
    if (found === undefined) throw new Error(`no replica of ${service}`);
    return found;
  };

  /** Token checks that the Warden answered with UNAVAILABLE. */
  async function unavailableTokenChecks(): Promise<number> {
    const { text } = await send(`${replicaOf('warden').operationsUrl}/metrics`);
    const line = text
      .split('\n')
      .find(
        (each) => each.startsWith('castellan_rpc_requests_total{') && /Warden\/CheckToken".*"UNAVAILABLE"/.test(each),
      );
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  describe('in an outage', () => {
    let token: string;
    const apps: [string, GuardedApp][] = [];
    const outages: string[] = [];
    let warden: WardenClient;

    beforeAll(async () => {
      token = await tokenOf();
      warden = connect('certificate', {
        retries: { ratio: 0.1, burst: 3 },
        onOutage: ({ code }) => void outages.push(code),
      });
      const hasty = connect('certificate', { deadlineMs: 500 });
      for (const [framework, start] of Object.entries(guardedApps)) apps.push([framework, await start(hasty)]);
    });
    afterAll(() => Promise.all(apps.map(([, app]) => app.close())));

    const statuses = (): Promise<(readonly [string, number])[]> =>
      Promise.all(
        apps.map(async ([framework, app]) => {
          const { status } = await send(`${app.url}/articles/7`, { bearer: token });
          return [framework, status] as const;
        }),
      );
    const all = (status: number): [string, number][] => apps.map(([framework]) => [framework, status]);
    const askByToken = (): Promise<TokenDecision> =>
      warden.checkToken({ token, resource: check.resource, action: check.action });

    /** Nobody was let in by any guard while `during` went on. */
    async function whileNobodyReads(during: () => Promise<void>): Promise<void> {
      const before = apps.map(([, { read }]) => read.length);
      await during();
      expect(apps.map(([, { read }]) => read.length)).toEqual(before);
    }

    it('of the token service it asks no oftener than its budget lets it, and allows nothing', async () => {
      expect(await askByToken()).toMatchObject({ allowed: true });
      const before = await unavailableTokenChecks();
      await replicaOf('token').stop('SIGKILL');
      const calls = 40;
      for (let call = 0; call < calls; call++) {
        expect(await askByToken()).toEqual({ allowed: false, reason: 'outage', revision: 0 });
      }
      expect(outages).toEqual(Array(calls).fill('UNAVAILABLE'));
      // Three that were saved up, and one for each ten calls.
      const asked = (await unavailableTokenChecks()) - before;
      expect(asked).toBeGreaterThan(calls);
      expect(asked).toBeLessThanOrEqual(calls + 3 + calls / 10);
      // What needs no token is decided all the while.
      expect(await warden.check(check)).toMatchObject({ allowed: true });
      await whileNobodyReads(async () => expect(await statuses()).toEqual(all(503)));

      await replicaOf('token').restart();
      await expect.poll(askByToken, patience).toMatchObject({ allowed: true });
      await expect.poll(statuses, patience).toEqual(all(200));
    });

    it.each(['unary', 'stream'] as const)('of a Warden that hangs it keeps its deadline (%s)', async (transport) => {
      const codes: string[] = [];
      const patient = connect('certificate', {
        transport,
        deadlineMs: 100_000,
        onOutage: ({ code }) => void codes.push(code),
      });
      expect(await patient.check(check)).toMatchObject({ allowed: true });
      replicaOf('warden').pause();
      const start = performance.now();
      expect(await patient.check(check, { deadlineMs: 300 })).toMatchObject({ allowed: false, reason: 'outage' });
      expect(performance.now() - start).toBeLessThan(60_000);
      expect(codes).toEqual(['DEADLINE_EXCEEDED']);
      await whileNobodyReads(async () => expect(await statuses()).toEqual(all(503)));
      replicaOf('warden').resume();
      await expect.poll(() => patient.check(check), patience).toMatchObject({ allowed: true });
      await expect.poll(statuses, patience).toEqual(all(200));
    });

    it('of the Warden it denies, guards answer 503, and all is well when it is back', async () => {
      outages.length = 0;
      await replicaOf('warden').stop('SIGKILL');
      expect(await warden.check(check)).toEqual({ allowed: false, reason: 'outage', revision: 0 });
      expect(await askByToken()).toEqual({ allowed: false, reason: 'outage', revision: 0 });
      expect(await warden.batchCheck([check, check])).toEqual(
        Array(2).fill({ allowed: false, reason: 'outage', revision: 0 }),
      );
      expect(outages).toEqual(Array(3).fill('UNAVAILABLE'));
      await whileNobodyReads(async () => {
        expect(await statuses()).toEqual(all(503));
        for (const [, app] of apps) {
          expect((await send(`${app.url}/articles/7`, { bearer: token })).headers).not.toHaveProperty(
            'www-authenticate',
          );
          // Who shows no token is told so without the Warden.
          expect((await send(`${app.url}/articles/7`)).status).toBe(401);
        }
      });
      await replicaOf('warden').restart();
      await expect.poll(() => warden.check(check), patience).toMatchObject({ allowed: true });
      await expect.poll(statuses, patience).toEqual(all(200));
    });
  });
}
