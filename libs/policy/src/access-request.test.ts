import { describe, expect, it } from 'vitest';
import { type AccessRequest, findAccessRequestProblem } from './access-request.js';
import type { JsonObject, JsonValue } from './json.js';

const request: AccessRequest = { subject: 'peter', resource: 'r', action: 'a', context: {}, anonymous: false };

function nest(depth: number): JsonValue {
  return depth === 0 ? 1 : [nest(depth - 1)];
}

describe('an access request', () => {
  it.each([
    [{}],
    [{ subject: '', anonymous: true }],
    [{ subject: 'x'.repeat(4096) }],
    [{ context: { a: [null, true, 1, 'x', { b: [] }], c: nest(15) } }],
  ] as [Partial<AccessRequest>][])('%.60j can be decided', (members) => {
    expect(findAccessRequestProblem({ ...request, ...members })).toBeUndefined();
  });

  it.each([
    [{ subject: '' }, 'subject'],
    [{ resource: '' }, 'resource'],
    [{ action: '' }, 'action'],
    [{ anonymous: true }, 'subject'],
    [{ subject: '', anonymous: true, resource: '' }, 'resource'],
    [{ subject: 'x'.repeat(4097) }, 'subject'],
    [{ resource: 'a\0' }, 'resource'],
    [{ action: '\udc00' }, 'action'],
    [{ context: { a: Number.NaN } }, 'context'],
    [{ context: { a: Number.POSITIVE_INFINITY } }, 'context'],
    [{ context: { a: undefined } as unknown as JsonObject }, 'context'],
    [{ context: { a: 1n } as unknown as JsonObject }, 'context'],
    [{ context: { a: ['\ud800'] } }, 'context'],
    [{ context: { '\0': 1 } }, 'context'],
    [{ context: { a: nest(16) } }, 'context'],
    [{ context: { a: Array.from({ length: 1001 }, () => 1) } }, 'context'],
    [{ context: { a: 'x'.repeat(65_537) } }, 'context'],
    [{ context: { ['x'.repeat(65_537)]: 1 } }, 'context'],
  ] as [Partial<AccessRequest>, string][])('$0 cannot be decided because of its %s', (members, member) => {
    expect(findAccessRequestProblem({ ...request, ...members })).toMatch(member);
  });
});
