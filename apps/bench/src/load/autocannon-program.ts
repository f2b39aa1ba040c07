// The load generator as a process of its own: reads a plan from its input, presses, writes what came of it.
import autocannon, { type DynamicRequest } from 'autocannon';
import { codeFlowRequests } from './code-flow.js';
import { crudRequests } from './crud.js';
import { readInput } from './input.js';
import type { CallsPlan, LoadEffort, LoadPlan, RefreshPlan, RequestsPlan } from './plan.js';
import { Tally } from './tally.js';

type HttpPlan = Exclude<LoadPlan, CallsPlan>;

const { plan, effort } = JSON.parse(await readInput()) as { plan: HttpPlan; effort: LoadEffort };
const tally = new Tally();
const refreshTokens = plan.kind === 'refresh' ? [...plan.refreshTokens] : [];
const startedAt = performance.now();
await new Promise<void>((resolve, reject) => {
  autocannon(
    {
      url: originOf(plan),
      connections: effort.connections,
      duration: effort.seconds,
      timeout: 10,
      requests: steps().map(toOrigin),
    },
    (error, result) => {
      if (error !== null) return reject(error);
      const seconds = (performance.now() - startedAt) / 1000;
      process.stdout.write(JSON.stringify({ ...tally.result(seconds, result.errors), refreshTokens }));
      resolve();
    },
  );
});

/** A request of our own making carries nothing that autocannon would add: the host is named here. */
function toOrigin(request: DynamicRequest): DynamicRequest {
  return {
    ...request,
    setupRequest: (known, context) => {
      const own = request.setupRequest(known, context);
      return own === null ? null : { ...own, headers: { Host: new URL(originOf(plan)).host, ...own.headers } };
    },
  };
}

function steps(): DynamicRequest[] {
  if (plan.kind === 'code-flow') return codeFlowRequests(plan, tally, refreshTokens);
  if (plan.kind === 'crud') return crudRequests(plan, tally);
  return plan.kind === 'refresh' ? [refresh(plan, refreshTokens)] : plain(plan);
}

function plain(requests: RequestsPlan): DynamicRequest[] {
  const { pathname, search } = new URL(requests.url);
  const bodies = requests.bodies.length === 0 ? [undefined] : requests.bodies;
  return bodies.map((body) => ({
    setupRequest: (_request, context) => {
      context['startedAt'] = performance.now();
      return {
        method: requests.method,
        path: `${pathname}${search}`,
        headers: { ...requests.headers },
        ...(body !== undefined ? { body } : {}),
      };
    },
    onResponse: (status, text, context) => {
      if (status === 200) tally.succeed(context['startedAt'] as number);
      else tally.fail(`${status} ${text}`);
    },
  }));
}

function refresh({ tokenUrl, basic }: RefreshPlan, pool: string[]): DynamicRequest {
  return {
    setupRequest: (_request, context) => {
      context['startedAt'] = performance.now();
      const form = { grant_type: 'refresh_token', refresh_token: pool.shift() ?? '' };
      return {
        method: 'POST',
        path: new URL(tokenUrl).pathname,
        headers: { Authorization: basic, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form).toString(),
      };
    },
    onResponse: (status, text, context) => {
      if (status !== 200) return tally.fail(`${status} ${text}`);
      pool.push((JSON.parse(text) as { refresh_token: string }).refresh_token);
      tally.succeed(context['startedAt'] as number);
    },
  };
}

function originOf(any: HttpPlan): string {
  if (any.kind === 'requests' || any.kind === 'crud') return new URL(any.url).origin;
  return new URL(any.tokenUrl).origin;
}
