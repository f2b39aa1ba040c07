import { expect, it, vi } from 'vitest';
import { type LoadRequest, startLoad } from './keep-alive-load.js';
import { type Product, ROOT, rootToken, serviceNames } from './product.js';
import { describeTutorial } from './tutorial.js';

// Ten processes share the cores of one machine, and are started twice.
vi.setConfig({ testTimeout: 180_000 });

let restarting: Promise<void> | undefined;

/** What clients of a company ask all day: a token, whether one is good, a decision, an administrator's list, the keys. */
async function everydayRequests(product: Product): Promise<readonly LoadRequest[]> {
  const token = await rootToken(product);
  const basic = { authorization: `Basic ${Buffer.from(ROOT.join(':')).toString('base64')}` };
  const form = { ...basic, 'content-type': 'application/x-www-form-urlencoded' };
  const bearer = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return [
    {
      name: 'token',
      url: `${product.publicUrl}/oauth2/token`,
      method: 'POST',
      headers: form,
      body: 'grant_type=client_credentials&scope=hydra',
      isGood: (status, text) => status === 200 && text.includes('"access_token"'),
    },
    {
      name: 'introspection',
      url: `${product.publicUrl}/oauth2/introspect`,
      method: 'POST',
      headers: form,
      body: `token=${token}`,
      isGood: (status, text) => status === 200 && text.includes('"active":true'),
    },
    {
      name: 'decision',
      url: `${product.adminUrl}/warden/allowed`,
      method: 'POST',
      headers: bearer,
      body: JSON.stringify({ subject: 'admin', action: 'get', resource: 'rn:hydra:clients' }),
      isGood: (status, text) => status === 200 && text.includes('"allowed":true'),
    },
    {
      name: 'clients',
      url: `${product.adminUrl}/clients`,
      headers: bearer,
      isGood: (status, text) => status === 200 && text.includes('"admin"'),
    },
    {
      name: 'keys',
      url: `${product.publicUrl}/.well-known/jwks.json`,
      isGood: (status, text) => status === 200 && text.includes('"keys"'),
    },
  ];
}

describeTutorial('replicas', {
  between(stage, section) {
    const service = serviceNames[section % serviceNames.length];
    it(`one of the two replicas of ${service} is killed, and starts again while the guide goes on`, async () => {
      await restarting;
      const replica = stage.product.replicas.find((one) => one.service === service);
      expect(await replica?.stop('SIGKILL')).toBeNull();
      restarting = replica?.restart();
      restarting?.catch(() => undefined);
    }, 180_000);
  },
  afterwards(stage) {
    it('every replica is stopped and started in turn, and no request of the load gets anything but its answer', async () => {
      await restarting;
      const load = startLoad(await everydayRequests(stage.product), 10);
      for (const replica of stage.product.replicas) {
        const before = load.report().answered;
        while (load.report().answered < before + 100 && load.report().failures.length === 0)
          await new Promise((resolve) => setTimeout(resolve, 20));
        const askedAt = performance.now();
        expect(await replica.stop('SIGTERM'), replica.service).toBe(0);
        expect(performance.now() - askedAt, replica.service).toBeLessThan(30_000);
        await replica.restart();
      }
      const { answered, failures } = await load.stop();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(1_000);
    }, 240_000);
  },
});
