import { ConfigError, readConfig } from '@castellan/service';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readRedisTarget, redisVariables } from './redis.config.js';

function read(env: NodeJS.ProcessEnv) {
  return readRedisTarget(readConfig(z.object(redisVariables), env));
}

describe('where Redis is', () => {
  it('is nowhere without a URL, and one server with nothing but one', () => {
    expect(read({})).toBeUndefined();
    expect(read({ REDIS_URL: 'redis://h' })).toEqual({ url: 'redis://h', mode: 'single', nodes: [] });
  });

  it('is a cluster, or a group that Sentinels know', () => {
    expect(read({ REDIS_URL: 'rediss://a', REDIS_MODE: 'cluster', REDIS_NODES: 'b:1, [::1]:2' })).toEqual({
      url: 'rediss://a',
      mode: 'cluster',
      nodes: ['b:1', '[::1]:2'],
    });
    const sentinels = { REDIS_URL: 'redis://s:26379/3', REDIS_MODE: 'sentinel', REDIS_SENTINEL_GROUP: 'decisions' };
    expect(read({ ...sentinels, REDIS_SENTINEL_PASSWORD: 'p' })).toMatchObject({
      mode: 'sentinel',
      group: 'decisions',
      sentinelPassword: 'p',
    });
  });

  it.each([
    [{ REDIS_URL: 'http://h' }, 'REDIS_URL: must be a URL such as'],
    [{ REDIS_URL: 'redis://h', REDIS_MODE: 'swarm' }, 'REDIS_MODE: must be single, sentinel or cluster'],
    [{ REDIS_MODE: 'cluster' }, 'REDIS_URL: is required for REDIS_MODE'],
    [{ REDIS_URL: 'redis://h', REDIS_MODE: 'sentinel' }, 'REDIS_SENTINEL_GROUP: is required'],
    [{ REDIS_URL: 'redis://h', REDIS_NODES: 'b:1' }, 'REDIS_NODES: needs REDIS_MODE'],
    [{ REDIS_URL: 'redis://h', REDIS_MODE: 'cluster', REDIS_NODES: 'redis://b' }, 'REDIS_NODES: must be nodes such as'],
    [{ REDIS_URL: 'redis://h/1', REDIS_MODE: 'cluster' }, 'REDIS_URL: a cluster has database 0 only'],
    [{ REDIS_URL: 'rediss://h', REDIS_TLS_CA_PATH: '/absent' }, 'REDIS_TLS_CA_PATH: the file cannot be read'],
    [{ REDIS_URL: 'redis://h', REDIS_TLS_CA_PATH: '/dev/null' }, 'REDIS_TLS_*: needs a REDIS_URL with rediss://'],
    [{ REDIS_URL: 'rediss://h', REDIS_TLS_CERT_PATH: '/dev/null' }, 'REDIS_TLS_CERT_PATH and REDIS_TLS_KEY_PATH'],
  ])('%j is refused', (env, problem) => {
    expect(() => read(env)).toThrow(ConfigError);
    expect(() => read(env)).toThrow(problem);
  });
});
