import { describe, expect, it } from 'vitest';
import type { Answer } from '../http.js';
import { admin, newTokens, rawTo, revoke, useTarget } from './target.js';

const target = useTarget();
let made = 0;

type PolicyBody = Readonly<Record<string, unknown>>;

function store(policy: PolicyBody): Promise<Answer> {
  return admin(target(), 'POST', '/policies', {
    effect: 'allow',
    subjects: ['s'],
    resources: ['r'],
    actions: ['a'],
    ...policy,
  });
}

/** A policy on an action of its own, so that no two rows of this file meet. */
async function withPolicy(policy: PolicyBody): Promise<string> {
  const action = `act-${made++}`;
  const answer = await store({ actions: [action], ...policy });
  expect(answer.status, answer.text).toBe(201);
  return action;
}

async function decide(question: unknown): Promise<{ status: number; allowed: unknown }> {
  const answer = await admin(target(), 'POST', '/warden/allowed', question);
  return {
    status: answer.status,
    allowed: answer.status === 200 ? (JSON.parse(answer.text) as { allowed: unknown }).allowed : undefined,
  };
}

async function allows(question: Readonly<Record<string, unknown>>): Promise<boolean> {
  const { status, allowed } = await decide({ subject: 's', resource: 'r', ...question });
  expect(status).toBe(200);
  return allowed === true;
}

describe('the Warden over HTTP', () => {
  it('positive control: what a policy allows is allowed', async () => {
    expect(await allows({ action: await withPolicy({}) })).toBe(true);
    expect(await allows({ action: 'something-else' })).toBe(false);
  });

  it.each(['<(a+)+>', '<(a|a)*b>', '<(.*a){25}>', '<([a-zA-Z]+)*>', '<(a|aa)+$>', '<(.*)*x>'])(
    'WP-01: %s is linear in the subject',
    async (pattern) => {
      const action = await withPolicy({ subjects: [pattern] });
      await allows({ action, subject: 'a' });
      for (const length of [30, 4_000]) {
        const startedAt = performance.now();
        await allows({ action, subject: `${'a'.repeat(length)}!` });
        expect(performance.now() - startedAt).toBeLessThan(5_000);
      }
      expect((await decide({ subject: 'a'.repeat(100_000), resource: 'r', action })).allowed).not.toBe(true);
    },
  );

  it.each([
    ['WP-02', '<x{1000}{1000}>'],
    ['WP-02', '<(((x{100}){100}){100})>'],
    ['WP-02', `<${Array.from({ length: 500 }, (_, index) => index).join('|')}>`],
    ['WP-02', `<${'a'.repeat(2_000)}>`],
    ['WP-02', `<${'('.repeat(400)}a${')'.repeat(400)}>${'x'.repeat(400)}`],
    ['WP-03', '<(a)\\1>'],
    ['WP-03', '<(?!a)b>'],
    ['WP-03', '<(?=a)b>'],
    ['WP-03', '<(?<=a)b>'],
    ['WP-03', '<(?>a)>'],
    ['WP-03', '<a**>'],
    ['WP-03', '<[z-a]>'],
    ['WP-03', '<(>'],
    ['WP-03', '<a)(b>'],
    ['WP-06', '<a'],
    ['WP-06', 'a>'],
    ['WP-06', '<>'],
    ['WP-06', 'x<>y'],
    ['WP-06', '<<>>'],
    ['WP-06', '<<.*>'],
    ['WP-06', '>a<'],
    ['WP-06', '\\<'],
    ['WP-06', ''],
    ['DB-10', 'a\0b'],
  ])('%s: template %j is refused when it is written', async (_id, template) => {
    for (const member of ['subjects', 'resources', 'actions']) {
      const answer = await store({ [member]: [template] });
      expect(answer.status, member).toBe(400);
      expect(answer.text).not.toMatch(/at .*\.js|stack/);
    }
  });

  it.each([
    ['users:.*', 'users:x'],
    ['a+b', 'aab'],
    ['(x)', 'x'],
    ['^x$', 'x'],
    ['a|b', 'a'],
    ['x.y', 'xzy'],
    ['[ab]', 'a'],
    ['a?', ''],
    ['\\d', '7'],
    ['%2e', '.'],
    ['x{2}', 'xx'],
  ])('WP-07: outside its delimiters %j is literal and does not match %j', async (template, subject) => {
    const action = await withPolicy({ subjects: [template] });
    expect(await allows({ action, subject: template })).toBe(true);
    expect(await allows({ action, subject })).toBe(false);
  });

  it.each([
    ['<.*>', 'peter\nx'],
    ['<peter|>', 'peter\n'],
    ['peter', 'peter\n'],
    ['peter', '\npeter'],
    ['<[a-z]+>', 'peter\n'],
    ['<[a-z]+>', 'x\npeter'],
    ['<peter$>', 'peter\n'],
    ['<^peter>', 'x\npeter'],
    ['pre<.*>', 'pre\r\nx\n'],
    ['<a|b>', 'ab'],
    ['<a|b>', 'axb'],
    ['x<a|b>y', 'xa'],
    ['x<a|b>y', 'by'],
    ['<(?i)k>', '\u212a\n'],
    ['peter', 'Peter'],
    ['peter', 'pete\u0072\u0301'],
    ['peter', ' peter'],
    ['peter', 'peter\0'],
  ])('WP-09, WP-11: %j does not match %j', async (template, subject) => {
    const action = await withPolicy({ subjects: [template] });
    expect((await decide({ subject, resource: 'r', action })).allowed).not.toBe(true);
  });

  it.each<[string, unknown]>([
    ['an empty subject', { subject: '' }],
    ['an empty resource', { resource: '' }],
    ['an empty action', { action: '' }],
    ['no subject', { subject: undefined }],
    ['a subject of null', { subject: null }],
    ['a subject as a number', { subject: 7 }],
    ['a subject as a list', { subject: ['s'] }],
    ['a subject as an object', { subject: { toString: 's' } }],
    ['a subject of true', { subject: true }],
    ['a context as a list', { context: ['x'] }],
    ['a context as a text', { context: 'x' }],
    ['an action in another case of the name', { action: undefined, Action: 'a' }],
    ['anonymous', { subject: '', anonymous: true }],
    ['anonymous without a subject', { subject: undefined, anonymous: true }],
  ])('WP-13, WP-14: with %s nothing is allowed, whatever the pattern', async (_what, change) => {
    await withPolicy({ subjects: ['<.*>', '<.+>', '<a*>'], resources: ['<.*>'], actions: ['<.*>'], id: `all-${made}` });
    const question = { subject: 's', resource: 'r', action: 'a', ...(change as object) };
    const { status, allowed } = await decide(question);
    expect([200, 400]).toContain(status);
    expect(allowed === true).toBe(false);
    await admin(target(), 'DELETE', `/policies/all-${made - 1}`);
  });

  it('WP-13: the Warden asks for nobody only where the route says so', async () => {
    await withPolicy({ id: 'everything', subjects: ['<.*>'], resources: ['<.*>'], actions: ['<.*>'] });
    for (const body of [
      '{"resource":"r","action":"a"}',
      '{"subject":"","resource":"r","action":"a","anonymous":true}',
      '{}',
    ]) {
      const answer = await rawTo(target(), {
        method: 'POST',
        path: '/warden/allowed',
        headers: [['Authorization', `Bearer ${target().root}`]],
        body,
      });
      expect([answer.status, answer.body]).toEqual([200, '{"allowed":false}']);
      const token = await rawTo(target(), {
        method: 'POST',
        path: '/warden/token/allowed',
        headers: [['Authorization', `Bearer ${target().root}`]],
        body,
      });
      expect([token.status, token.body]).toEqual([200, '{"allowed":false}']);
    }
    await admin(target(), 'DELETE', '/policies/everything');
  });

  it('WP-14: a member twice is refused, also in another spelling', async () => {
    const action = await withPolicy({});
    for (const body of [
      `{"subject":"x","subject":"s","resource":"r","action":"${action}"}`,
      `{"subject":"x","\\u0073ubject":"s","resource":"r","action":"${action}"}`,
    ]) {
      const answer = await rawTo(target(), {
        method: 'POST',
        path: '/warden/allowed',
        headers: [['Authorization', `Bearer ${target().root}`]],
        body,
      });
      expect(answer.status).toBe(400);
    }
  });

  it('WP-15: one denial outweighs every permission, in any order', async () => {
    for (const order of ['a', 'b']) {
      const action = `deny-${order}-${made++}`;
      const policies = [
        { id: `1-${action}`, effect: order === 'a' ? 'deny' : 'allow', actions: [action] },
        { id: `2-${action}`, effect: 'allow', actions: ['<.*>'], resources: [`only-${action}`] },
        { id: `3-${action}`, effect: order === 'a' ? 'allow' : 'deny', actions: ['<deny-.*>'], resources: [`<.*>`] },
      ];
      for (const policy of policies)
        expect((await store({ ...policy, resources: policy.resources ?? ['<.*>'] })).status).toBe(201);
      expect(await allows({ action, resource: `only-${action}` })).toBe(false);
      for (const policy of policies) await admin(target(), 'DELETE', `/policies/${policy.id}`);
    }
  });

  it.each(['ALLOW', 'Allow', '', 'permit', null, true, 1, 'allow ', 'deny\n', 'allow\u200b', ['allow']])(
    'WP-17: the effect %j is none',
    async (effect) => {
      expect((await store({ effect })).status).toBe(400);
    },
  );

  it.each<[string, unknown]>([
    ['an unknown type', { x: { type: 'NoSuchCondition' } }],
    ['a type named like a prototype', { x: { type: '__proto__' } }],
    ['a type named constructor', { x: { type: 'constructor' } }],
    ['no type', { x: {} }],
    ['a type as a list', { x: { type: ['CIDRCondition'] } }],
    ['null', { x: null }],
    ['a list', []],
    ['options as a list', { x: { type: 'CIDRCondition', options: [] } }],
    ['no network', { x: { type: 'CIDRCondition', options: {} } }],
    ['a network as a number', { x: { type: 'CIDRCondition', options: { cidr: 10 } } }],
    ['/33', { x: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/33' } } }],
    ['/-1', { x: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/-1' } } }],
    ['no prefix', { x: { type: 'CIDRCondition', options: { cidr: '10.0.0.0' } } }],
    ['an octal network', { x: { type: 'CIDRCondition', options: { cidr: '010.0.0.0/8' } } }],
    ['a short network', { x: { type: 'CIDRCondition', options: { cidr: '10.1/16' } } }],
    ['a bad pattern', { x: { type: 'StringMatchCondition', options: { matches: '(' } } }],
    ['a bomb of a pattern', { x: { type: 'StringMatchCondition', options: { matches: 'x{1000}{1000}' } } }],
    ['a boolean that is none', { x: { type: 'BooleanCondition', options: { value: 'true' } } }],
    ['a text that is none', { x: { type: 'StringEqualCondition', options: { equals: 7 } } }],
  ])('WP-19: conditions with %s are refused when they are written', async (_what, conditions) => {
    for (const effect of ['allow', 'deny']) expect((await store({ conditions, effect })).status).toBe(400);
  });

  it.each(['constructor', 'hasOwnProperty', 'length', 'toString', 'valueOf', '__defineGetter__', 'prototype'])(
    'WP-21: a condition on %s is fulfilled by an own member only',
    async (name) => {
      const action = await withPolicy({
        conditions: { [name]: { type: 'StringEqualCondition', options: { equals: 'x' } } },
      });
      expect(await allows({ action })).toBe(false);
      expect(await allows({ action, context: {} })).toBe(false);
      expect(await allows({ action, context: { [name]: 'x' } })).toBe(true);
      const pairs = await withPolicy({ conditions: { [name]: { type: 'StringPairsEqualCondition' } } });
      expect(await allows({ action: pairs, context: {} })).toBe(false);
    },
  );

  it.each<[string, unknown, boolean]>([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:a01:203', true],
    ['10.0.0.0/8', '010.0.0.1', false],
    ['10.0.0.0/8', '10.1', false],
    ['10.0.0.0/8', '0x0a000001', false],
    ['10.0.0.0/8', '167772161', false],
    ['10.0.0.0/8', ' 10.0.0.1', false],
    ['10.0.0.0/8', '10.0.0.1\n', false],
    ['10.0.0.0/8', '10.0.0.1/32', false],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '10.0.0.256', false],
    ['10.0.0.0/8', '\u0661\u0660.0.0.1', false],
    ['10.0.0.0/8', ['10.0.0.1'], false],
    ['10.0.0.0/8', 167772161, false],
    ['10.0.0.0/8', null, false],
    ['10.0.0.0/8', '10.0.0.1, 8.8.8.8', false],
    ['10.0.0.7/8', '10.9.9.9', true],
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '8.8.8.8', false],
    ['fe80::/10', 'fe80::1%eth0', false],
    ['fe80::/10', 'fe80::1', true],
    ['2001:db8::/32', '2001:db8:0:0:0:0:0:1', true],
    ['2001:db8::/32', '2001:db8::1::1', false],
  ])('WP-22: %s and the address %j: %s', async (cidr, address, expected) => {
    const action = await withPolicy({ conditions: { ip: { type: 'CIDRCondition', options: { cidr } } } });
    expect(await allows({ action, context: { ip: address } })).toBe(expected);
  });

  it('WP-22: a denial by address is not escaped by spelling the address another way', async () => {
    const action = await withPolicy({ subjects: ['<.*>'] });
    await store({
      effect: 'deny',
      actions: [action],
      conditions: { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } },
    });
    for (const ip of ['10.0.0.1', '::ffff:10.0.0.1', '::ffff:a00:1', '0:0:0:0:0:ffff:10.0.0.1', '::FFFF:10.0.0.1'])
      expect(await allows({ action, context: { ip } }), ip).toBe(false);
  });

  it('WP-23: headers are no context', async () => {
    const action = await withPolicy({
      conditions: { remoteIP: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/8' } } },
    });
    const answer = await rawTo(target(), {
      method: 'POST',
      path: '/warden/allowed',
      headers: [
        ['Authorization', `Bearer ${target().root}`],
        ['X-Forwarded-For', '10.0.0.1'],
        ['X-Real-Ip', '10.0.0.1'],
        ['remoteIP', '10.0.0.1'],
      ],
      body: JSON.stringify({ subject: 's', resource: 'r', action }),
    });
    expect(answer.body).toBe('{"allowed":false}');
  });

  it('WP-18: a denial whose condition lacks its value does not apply, as documented for ladon', async () => {
    const action = await withPolicy({});
    await store({
      effect: 'deny',
      actions: [action],
      conditions: { vip: { type: 'StringEqualCondition', options: { equals: 'no' } } },
    });
    expect(await allows({ action })).toBe(true);
    expect(await allows({ action, context: { vip: 'no' } })).toBe(false);
  });

  it('WP-25: a context that is too deep or too large is refused, and never allowed', async () => {
    const action = await withPolicy({ subjects: ['<.*>'] });
    const deep = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) as unknown;
    for (const context of [deep, { x: Array.from({ length: 2_000 }, () => 1) }, { x: 'x'.repeat(70_000) }]) {
      expect((await decide({ subject: 's', resource: 'r', action, context })).allowed === true).toBe(false);
    }
  });

  it('WC-05: a decision does not outlive token, policy or membership', async () => {
    const tokens = await newTokens(target(), 'conf', {}, { sub: 'dora' });
    const policy = {
      id: 'for-the-crew',
      subjects: ['crew-of-dora'],
      effect: 'allow',
      resources: ['ship'],
      actions: ['sail'],
    };
    await admin(target(), 'POST', '/policies', policy);
    await admin(target(), 'POST', '/warden/groups', { id: 'crew-of-dora', members: ['dora'] });
    const sails = async (): Promise<boolean> => {
      const answer = await admin(target(), 'POST', '/warden/token/allowed', {
        token: tokens.access_token,
        scopes: ['docs'],
        resource: 'ship',
        action: 'sail',
      });
      return (JSON.parse(answer.text) as { allowed: boolean }).allowed;
    };
    expect([await sails(), await sails()]).toEqual([true, true]);
    await admin(target(), 'DELETE', '/warden/groups/crew-of-dora/members', { members: ['dora'] });
    expect(await sails()).toBe(false);
    await admin(target(), 'POST', '/warden/groups/crew-of-dora/members', { members: ['dora'] });
    expect(await sails()).toBe(true);
    await admin(target(), 'PUT', '/policies/for-the-crew', { ...policy, effect: 'deny' });
    expect(await sails()).toBe(false);
    await admin(target(), 'PUT', '/policies/for-the-crew', policy);
    expect(await sails()).toBe(true);
    await revoke(target(), tokens.access_token);
    expect(await sails()).toBe(false);
  });

  it('WC-01: lists and separators are not mixed up between questions', async () => {
    const action = await withPolicy({ subjects: ['a|b'], resources: ['c'] });
    expect(await allows({ action, subject: 'a|b', resource: 'c' })).toBe(true);
    expect(await allows({ action, subject: 'a', resource: 'b|c' })).toBe(false);
    expect(await allows({ action, subject: 'a|b|c', resource: '' })).toBe(false);
    const typed = await withPolicy({ conditions: { x: { type: 'StringEqualCondition', options: { equals: '1' } } } });
    expect(await allows({ action: typed, context: { x: '1' } })).toBe(true);
    for (const x of [1, true, ['1'], { 0: '1' }, '1 ', '01', null])
      expect(await allows({ action: typed, context: { x } })).toBe(false);
  });

  it('WP-34: an ID written anew is a new policy', async () => {
    const action = await withPolicy({ id: 'phoenix' });
    expect(await allows({ action })).toBe(true);
    await admin(target(), 'DELETE', '/policies/phoenix');
    expect(await allows({ action })).toBe(false);
    await store({ id: 'phoenix', actions: [action], subjects: ['other'] });
    expect(await allows({ action })).toBe(false);
    expect((await store({ id: 'phoenix' })).status).toBe(409);
    expect((await store({ id: 'PHOENIX' })).status).toBe(201);
  });

  it('WP-31: a policy that is too large is refused', async () => {
    expect((await store({ subjects: Array.from({ length: 1_001 }, (_, index) => `s${index}`) })).status).toBe(400);
    expect(
      (await store({ subjects: Array.from({ length: 100_000 }, () => 'x'.repeat(20)) }).catch(() => ({ status: 413 })))
        .status,
    ).toBe(413);
  });
});
