import { RpcError } from '@castellan/rpc';
import { ConfigError, createLogger } from '@castellan/service';
import { beforeEach, describe, expect, it } from 'vitest';

import { readAdminConfig } from './admin.config.js';
import { RootClientBootstrap } from './root-client-bootstrap.js';
import { ensureRootClient, parseRootCredentials, ROOT_POLICY_ID } from './root-client.js';
import { startTestAdmin } from './testing/admin-app.js';
import { createBackends, policy, type Backends } from './testing/backends.js';
import { rootClientOptions } from './testing/backends.module.js';

let backends: Backends;
let log: string[];

beforeEach(() => {
  backends = createBackends();
  backends.clients.clear();
  backends.policies.clear();
  log = [];
});

function options(id: string) {
  const logger = createLogger({ destination: { write: (line) => log.push(line) } });
  return rootClientOptions(backends, logger, id);
}

describe('root credentials', () => {
  const good: readonly [text: string, id: string, secret: string][] = [
    ['admin:demo-password', 'admin', 'demo-password'],
    ['a%3Ab:p%20w%2Bx%25', 'a:b', 'p w+x%'],
    ['admin:100%secret', 'admin', '100%secret'],
  ];
  it.each(good)('%s are %s and %s', (text, id, secret) => {
    expect(parseRootCredentials(text)).toEqual({ id, secret });
  });

  it.each(['admin', ':secret123', 'admin:', 'admin:short', 'a:b:secret123', '', '<.*>:secret123', 'a b:secret123'])(
    '%j stop the start without being shown',
    (text) => {
      expect(() => parseRootCredentials(text)).toThrow(ConfigError);
      expect(() => parseRootCredentials(text)).not.toThrow(/secret123|short/);
    },
  );

  it('are read from FORCE_ROOT_CLIENT_CREDENTIALS', () => {
    expect(readAdminConfig({ FORCE_ROOT_CLIENT_CREDENTIALS: 'admin:demo-password' })).toEqual({
      resourceNamePrefix: 'rn:hydra',
      rootCredentials: { id: 'admin', secret: 'demo-password' },
    });
    expect(readAdminConfig({ RESOURCE_NAME_PREFIX: 'rn:mine' })).toEqual({ resourceNamePrefix: 'rn:mine' });
    expect(() => readAdminConfig({ RESOURCE_NAME_PREFIX: 'rn:<.*>' })).toThrow(/RESOURCE_NAME_PREFIX/);
    expect(() => readAdminConfig({ FORCE_ROOT_CLIENT_CREDENTIALS: 'nonsense' })).toThrow(ConfigError);
  });
});

describe('the root client', () => {
  it('is made where there is no client, with a policy that allows everything', async () => {
    expect(await ensureRootClient(options('root'))).toBe(true);
    expect(backends.clients.get('root')).toMatchObject({
      scope: 'hydra openid offline',
      grantTypes: ['implicit', 'refresh_token', 'authorization_code', 'password', 'client_credentials'],
      responseTypes: ['id_token', 'code', 'token'],
      redirectUris: ['http://localhost:4445/callback'],
    });
    expect(backends.policies.get(ROOT_POLICY_ID)).toMatchObject({
      subjects: ['root'],
      effect: 'allow',
      resources: ['rn:hydra:<.*>', 'rn:castellan:<.*>'],
      actions: ['<.*>'],
      conditionsJson: '',
    });
    expect(log.map((line) => /msg="([^"]*)"/.exec(line)?.[1])).toEqual([
      'No clients were found. Creating a temporary root client...',
      'Temporary root client created.',
    ]);
    expect(log.join('')).not.toContain('secret123');
  });

  it('is not made where there is a client', async () => {
    backends = createBackends();
    const policies = [...backends.policies.keys()];
    expect(await ensureRootClient(options('root'))).toBe(false);
    expect([...backends.clients.keys(), ...backends.policies.keys()]).toEqual(['stored', ...policies]);
    expect(log).toEqual([]);
  });

  it('joins the subjects of a policy that is there already', async () => {
    backends.policies.set(ROOT_POLICY_ID, policy({ id: ROOT_POLICY_ID, subjects: ['earlier'], actions: ['kept'] }));
    await ensureRootClient(options('root'));
    expect(backends.policies.get(ROOT_POLICY_ID)).toMatchObject({ subjects: ['earlier', 'root'], actions: ['kept'] });
  });

  it('has its policy before it exists, so that a crash in between locks nobody out', async () => {
    const { clients, ...rest } = options('root');
    const crash = {
      ...rest,
      clients: { ...bound(clients), createFirstClient: () => Promise.reject(new Error('crash')) },
    };
    await expect(ensureRootClient(crash)).rejects.toThrow('crash');
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toEqual(['root']);
    expect(await ensureRootClient(options('root'))).toBe(true);
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toEqual(['root']);
  });

  it('of a node that came second leaves no right behind', async () => {
    expect(await ensureRootClient(afterAnother('first', 'second'))).toBe(false);
    expect([...backends.clients.keys()]).toEqual(['first']);
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toEqual(['first']);
  });

  it('of a node that came second with the same credentials keeps its policy', async () => {
    expect(await ensureRootClient(afterAnother('same', 'same'))).toBe(false);
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toEqual(['same']);
  });

  it('takes its policy back where a second node overwrote it', async () => {
    const { clients, ...rest } = options('root');
    const racing: typeof clients = {
      ...bound(clients),
      createFirstClient: async (request) => {
        backends.policies.set(ROOT_POLICY_ID, policy({ id: ROOT_POLICY_ID, subjects: ['second'] }));
        return clients.createFirstClient(request);
      },
    };
    expect(await ensureRootClient({ ...rest, clients: racing })).toBe(true);
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toEqual(['second', 'root']);
  });

  it('is made by one of many nodes that start together', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd'].map((id) => ensureRootClient(options(id))));
    expect(made.filter(Boolean).length).toBe(1);
    const [root] = backends.clients.keys();
    expect(backends.policies.get(ROOT_POLICY_ID)?.subjects).toContain(root);
  });

  type Clients = ReturnType<typeof options>['clients'];

  function bound(clients: Clients): Clients {
    return {
      listClients: (request) => clients.listClients(request),
      createFirstClient: (request) => clients.createFirstClient(request),
      getClient: (request) => clients.getClient(request),
    };
  }

  /** A node that sees no client, while another makes its own before this one can. */
  function afterAnother(first: string, second: string) {
    const { clients, ...rest } = options(second);
    return {
      ...rest,
      clients: {
        ...bound(clients),
        createFirstClient: async (request: Parameters<Clients['createFirstClient']>[0]) => {
          await ensureRootClient(options(first));
          return clients.createFirstClient(request);
        },
      },
    };
  }
});

describe('the start of the admin API', () => {
  it('announces generated credentials once and never in the log', async () => {
    const admin = await startTestAdmin(undefined, backends);
    await admin.close();
    const [root, ...others] = admin.announced;
    expect(others).toEqual([]);
    expect(root?.secret).toMatch(/^cs_[A-Za-z0-9_-]{43}$/);
    expect([...backends.clients.keys()]).toEqual([root?.id]);
    expect(admin.log.join('')).not.toContain(root?.secret);
  });

  it('does not announce credentials that the operator chose', async () => {
    const rootCredentials = { id: 'admin', secret: 'demo-password' };
    const admin = await startTestAdmin({ resourceNamePrefix: 'rn:hydra', rootCredentials }, backends);
    await admin.close();
    expect([admin.announced, [...backends.clients.keys()]]).toEqual([[], ['admin']]);
    expect(admin.log.join('')).not.toContain('demo-password');
  });

  it('goes on while a service is away and makes the root client when it is back', async () => {
    backends.fails = { policies: new RpcError('UNAVAILABLE', 'away') };
    const waits: number[] = [];
    const announced = await new Promise<string>((resolve, reject) => {
      const bootstrap = new RootClientBootstrap({ ...options('root'), announce: resolve }, async (milliseconds) => {
        waits.push(milliseconds);
        if (waits.length === 8) {
          backends.fails = {};
        }
      });
      bootstrap.onApplicationBootstrap().catch(reject);
    });
    expect([announced, [...backends.clients.keys()]]).toEqual(['root', ['root']]);
    expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('stops trying when the process shuts down', async () => {
    backends.fails = { clients: new RpcError('UNAVAILABLE', 'away') };
    const bootstrap = new RootClientBootstrap(options('root'));
    await bootstrap.onApplicationBootstrap();
    await bootstrap.beforeApplicationShutdown();
    expect(log.join('')).not.toContain('could not be made');
  });

  it('fails on a refusal that waiting does not mend', async () => {
    backends.fails = { policies: new RpcError('PERMISSION_DENIED', 'no') };
    await expect(new RootClientBootstrap(options('root')).onApplicationBootstrap()).rejects.toThrow('no');
  });
});
