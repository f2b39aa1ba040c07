import type { DynamicRequest, RequestData } from 'autocannon';
import type { CrudPlan } from './plan.js';
import type { Tally } from './tally.js';

type Life = { id: string; startedAt: number; failed: boolean };
type Step = { readonly status: readonly number[]; readonly request: (life: Life) => RequestData };

/** The life of one thing on one connection: created, read, replaced, deleted. It counts as one when it is over. */
export function crudRequests(plan: CrudPlan, tally: Tally): DynamicRequest[] {
  const path = new URL(plan.url).pathname;
  const headers = { Authorization: plan.authorization, 'Content-Type': 'application/json' };
  const body = ({ id }: Life): string => plan.body.replaceAll('{id}', id);
  const steps: readonly Step[] = [
    { status: [201], request: (life) => ({ method: 'POST', path, headers, body: body(life) }) },
    { status: [200], request: ({ id }) => ({ method: 'GET', path: `${path}/${id}`, headers }) },
    {
      status: [200, 201],
      request: (life) => ({ method: 'PUT', path: `${path}/${life.id}`, headers, body: body(life) }),
    },
    { status: [204], request: ({ id }) => ({ method: 'DELETE', path: `${path}/${id}`, headers }) },
  ];
  let count = 0;
  return steps.map((step, index) => ({
    setupRequest: (_request, context) => {
      if (index === 0)
        context['life'] = { id: `${plan.prefix}-${count++}`, startedAt: performance.now(), failed: false };
      return step.request(context['life'] as Life);
    },
    onResponse: (status, text, context) => {
      const life = context['life'] as Life;
      if (!step.status.includes(status)) {
        if (!life.failed) tally.fail(`step ${index + 1}: ${status} ${text}`);
        life.failed = true;
      }
      if (index === steps.length - 1 && !life.failed) tally.succeed(life.startedAt);
    },
  }));
}
