import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFlowCookies, type Flow, type FlowCookieKey, hashFlowSecret, isFlowSecret } from './flow-cookie.js';

const lifetimeMs = 600_000;
const old: FlowCookieKey = { id: randomBytes(4), key: randomBytes(32) };
const fresh: FlowCookieKey = { id: randomBytes(4), key: randomBytes(32) };
let time = 1_800_000_000_000;

function cookiesWith(keys: readonly [FlowCookieKey, ...FlowCookieKey[]]) {
  return createFlowCookies({ keys, lifetimeMs, now: () => time, randomBytes });
}

function newFlow(startedAt = time): Flow {
  return {
    requestId: randomBytes(32).toString('base64url'),
    secret: randomBytes(32),
    parametersHash: randomBytes(32).toString('base64url'),
    startedAt,
  };
}

describe('a flow cookie', () => {
  const cookies = cookiesWith([old]);

  it.each([true, false])('opens to what was sealed (secure=%s)', (secure) => {
    const flow = newFlow();
    const { name, value, maxAgeSeconds } = cookies.seal(flow, secure);
    expect(maxAgeSeconds).toBe(600);
    expect(cookies.open([{ name, value }], secure)).toEqual([flow]);
  });

  it('shows nothing of what it holds', () => {
    const flow = newFlow();
    const bytes = Buffer.from(cookies.seal(flow, true).value, 'base64url');
    expect(bytes.includes(flow.secret)).toBe(false);
    expect(bytes.includes(Buffer.from(flow.parametersHash, 'base64url'))).toBe(false);
  });

  it('opens newest first, among others', () => {
    const flows = [newFlow(time - 2_000), newFlow(time), newFlow(time - 1_000)];
    const jar = flows.map((flow) => cookies.seal(flow, true));
    const opened = cookies.open([{ name: 'session', value: 'x' }, ...jar], true);
    expect(opened.map((flow) => flow.startedAt)).toEqual([time, time - 1_000, time - 2_000]);
  });

  it('is not crowded out by cookies that only another host could name so', () => {
    const tossed = Array.from({ length: 100 }, () => cookies.seal(newFlow(), false));
    const flow = newFlow();
    expect(cookies.open([...tossed, cookies.seal(flow, true)], true)).toEqual([flow]);
  });

  it('sealed with an older key opens while that key is kept', () => {
    const cookie = cookies.seal(newFlow(), true);
    expect(cookiesWith([fresh, old]).open([cookie], true)).toHaveLength(1);
    expect(cookiesWith([fresh]).open([cookie], true)).toEqual([]);
  });

  it('counts as absent once it is as old as a request may be', () => {
    const cookie = cookies.seal(newFlow(), true);
    time += lifetimeMs;
    expect(cookies.open([cookie], true)).toEqual([]);
  });

  it('without the prefix does not count over https, nor with it over http', () => {
    const flow = newFlow();
    expect(cookies.open([cookies.seal(flow, false)], true)).toEqual([]);
    expect(cookies.open([cookies.seal(flow, true)], false)).toEqual([]);
  });

  it('moved to another name counts as absent', () => {
    const [first, second] = [cookies.seal(newFlow(), true), cookies.seal(newFlow(), true)];
    expect(cookies.open([{ name: second.name, value: first.value }], true)).toEqual([]);
  });

  it('changed in any byte, cut or extended counts as absent', () => {
    const { name, value } = cookies.seal(newFlow(), true);
    const bytes = Buffer.from(value, 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(cookies.open([{ name, value: changed.toString('base64url') }], true)).toEqual([]);
    }
    for (const other of ['', value.slice(1), value.slice(0, -1), `${value}A`, `${value}=`, `${value.slice(0, -1)}*`]) {
      expect(cookies.open([{ name, value: other }], true)).toEqual([]);
    }
  });
});

describe('the secret of a flow', () => {
  it('is known by its hash', () => {
    const secret = randomBytes(32);
    expect(isFlowSecret(secret, hashFlowSecret(secret))).toBe(true);
    expect(isFlowSecret(randomBytes(32), hashFlowSecret(secret))).toBe(false);
    expect(isFlowSecret(secret, '')).toBe(false);
  });
});
