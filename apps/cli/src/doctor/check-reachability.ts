import { openRedis, type RedisTarget } from '@castellan/redis';
import { createRpcChannelClient, healthV1, openRpcChannel, RpcError, type PeerName } from '@castellan/rpc';
import { readConfig, readRpcConfig } from '@castellan/service';
import { readRedisTarget, redisVariables } from '@castellan/warden';
import { z } from 'zod';
import { errorText } from '../terminal.js';
import { type Check, error, type Finding, ok, type Patient, warning } from './finding.js';

const deadlineMs = 3_000;
const callsOf: Readonly<Record<Patient, readonly PeerName[]>> = {
  host: [],
  gateway: ['token', 'keys'],
  admin: ['token', 'warden', 'keys'],
  token: ['keys', 'warden'],
  warden: ['token'],
  keys: [],
};

/** The services that the program calls, asked with its own certificate whether they serve. */
export const checkServices: Check = async ({ patient, env }) => {
  if (callsOf[patient].length === 0) return [];
  let config: ReturnType<typeof readRpcConfig>;
  try {
    config = readRpcConfig(env, patient as PeerName);
  } catch {
    // Said of the configuration.
    return [];
  }
  const { security, targets } = config;
  return Promise.all(
    callsOf[patient].map(async (peer) => {
      const target = new Map(Object.entries(targets ?? {})).get(peer) ?? '';
      const channel = openRpcChannel({
        target,
        security:
          security?.kind === 'tls'
            ? { ...security, expectedServer: peer }
            : { kind: 'plaintext', peer: patient as PeerName },
      });
      try {
        const health = createRpcChannelClient(healthV1.HealthService, channel);
        const { status } = await health.check({ service: '' }, { deadlineMs });
        return judgeHealth(peer, target, status === healthV1.HealthCheckResponse_ServingStatus.SERVING);
      } catch (thrown) {
        return explainCall(peer, target, thrown);
      } finally {
        channel.close();
      }
    }),
  );
};

function judgeHealth(peer: string, target: string, serves: boolean): Finding {
  return serves
    ? ok(`service ${peer}`, `${target} serves`)
    : warning(
        `service ${peer}`,
        `${target} answers that it is not ready`,
        `its /health/ready says why; castellan doctor ${peer}`,
      );
}

function explainCall(peer: string, target: string, thrown: unknown): Finding {
  const code = thrown instanceof RpcError ? thrown.code : '';
  const refused = ['UNAUTHENTICATED', 'PERMISSION_DENIED'].includes(code);
  return error(
    `service ${peer}`,
    refused ? `${target} refuses our certificate` : `${target} cannot be reached`,
    refused
      ? 'the certificate must name this program; see the finding on certificates'
      : `is it up, is ${peer.toUpperCase()}_GRPC right, and does its certificate name ${peer} and this host?`,
  );
}

/** Redis, which may be away: then decisions are made anew. */
export const checkRedis: Check = async ({ patient, env }) => {
  if (!['host', 'warden'].includes(patient)) return [];
  const target = redisOf(env);
  if (target === undefined) return [];
  let last = '';
  try {
    const redis = openRedis(target, (failure) => (last = failure.message));
    try {
      const answered = await Promise.race([
        redis.status === 'ready'
          ? Promise.resolve(true)
          : new Promise<boolean>((resolve) => redis.once('ready', () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), deadlineMs)),
      ]);
      if (answered && (await answersInTime(redis))) return [ok('redis', 'answers')];
    } finally {
      redis.disconnect();
    }
  } catch (thrown) {
    last = errorText(thrown);
  }
  return [
    warning(
      'redis',
      `does not answer${last === '' ? '' : ` (${last})`}`,
      'decisions are made without it, more slowly; is REDIS_URL right?',
    ),
  ];
};

/** Asks again until the deadline: the Warden waits for milliseconds only, but what is slow now is not away. */
async function answersInTime(redis: { ping(): Promise<string> }): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return (await redis.ping()) === 'PONG';
    } catch (thrown) {
      if (performance.now() > end) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Where Redis is; what is wrong with the settings is said of the configuration. */
function redisOf(env: NodeJS.ProcessEnv): RedisTarget | undefined {
  try {
    return readRedisTarget(readConfig(z.object(redisVariables), env));
  } catch {
    return undefined;
  }
}

/** Pages that browsers are sent to. Only the operator's own URLs are asked, and only whether somebody answers. */
export const checkPages: Check = async ({ patient, env }) => {
  if (!['host', 'token', 'gateway'].includes(patient)) return [];
  const pages = Object.entries(env).filter(
    ([name, url]) => /^(CONSENT|LOGIN|LOGOUT|ERROR)_URL$/.test(name) && URL.canParse(url ?? ''),
  );
  return Promise.all(
    pages.map(async ([name, url]) => {
      const failure = await ask(url ?? '');
      return failure === undefined
        ? ok(name, `${new URL(url ?? '').origin} answers`)
        : warning(
            name,
            `${new URL(url ?? '').origin} ${failure}`,
            'browsers are sent there: is the app up, and reachable for them?',
          );
    }),
  );
};

/** The issuer as clients see it: its discovery document names itself. */
export const checkIssuer: Check = async ({ env }) => {
  const issuer = (env['ISSUER'] ?? '').replace(/\/$/, '');
  if (!URL.canParse(issuer)) return [];
  const advice = 'clients go by this URL: it must lead to the gateway, with a certificate that they trust';
  try {
    const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(deadlineMs),
      redirect: 'manual',
    });
    const document = (await answer.json()) as { readonly issuer?: unknown };
    return document.issuer === issuer
      ? [ok('issuer', `${issuer} answers, and names itself`)]
      : [error('issuer', `${issuer} answers as another issuer`, advice)];
  } catch (thrown) {
    return [warning('issuer', `${issuer} ${reason(thrown)}`, advice)];
  }
};

async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(deadlineMs), redirect: 'manual' });
    return answer.status >= 500 ? `answers ${answer.status}` : undefined;
  } catch (thrown) {
    return reason(thrown);
  }
}

function reason(thrown: unknown): string {
  const cause = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : errorText(cause);
  return `does not answer (${code})`;
}
