import { describe, expect, it } from 'vitest';
import { validateGroup, validateMembers } from './group.js';
import { type PolicyDraft, validatePolicy } from './policy.js';
import { PolicyError } from './policy-error.js';
import { parseConditionsJson, parsePolicyJson, policyToJson } from './policy-json.js';
import { policyOf } from './testing/policy-store.contract.js';

describe('a policy', () => {
  it.each([
    ['ALLOW', { effect: 'ALLOW' }, 'effect'],
    ['Allow', { effect: 'Allow' }, 'effect'],
    ['an empty effect', { effect: '' }, 'effect'],
    ['permit', { effect: 'permit' }, 'effect'],
    ['an inherited effect', { effect: 'constructor' }, 'effect'],
    ['no ID', { id: '' }, 'id'],
    ['a slash in the ID', { id: 'a/b' }, 'id'],
    ['a percent sign in the ID', { id: 'a%2Fb' }, 'id'],
    ['a dot as the ID', { id: '.' }, 'id'],
    ['two dots as the ID', { id: '..' }, 'id'],
    ['an ID outside the alphabet', { id: 'pölicy' }, 'id'],
    ['a NUL in the ID', { id: 'a\0' }, 'id'],
    ['a long ID', { id: 'x'.repeat(256) }, 'id'],
    ['a NUL in the description', { description: 'a\0' }, 'description'],
    ['a long description', { description: 'x'.repeat(4097) }, 'description'],
    ['an unbalanced template', { subjects: ['ok', '<a'] }, 'subjects[1]'],
    ['an empty template', { resources: [''] }, 'resources[0]'],
    ['a lookahead', { actions: ['<(?!a)>'] }, 'actions[0]'],
    ['too many templates', { subjects: Array.from({ length: 1001 }, (_, i) => `s${i}`) }, 'subjects'],
    [
      'patterns that are too large together',
      { resources: Array.from({ length: 1000 }, (_, i) => `<(x|y){200}a${i}.*z>`) },
      expect.stringMatching(/^resources\[1\d\d\]$/),
    ],
    ['an unknown condition type', { conditions: { ip: { type: 'Nope', options: {} } } }, 'conditions.ip'],
    [
      'a bad network',
      { conditions: { ip: { type: 'CIDRCondition', options: { cidr: '10.0.0.0/33' } } } },
      'conditions.ip',
    ],
    [
      'a NUL in an option',
      { conditions: { a: { type: 'StringEqualCondition', options: { equals: '\0' } } } },
      'conditions.a',
    ],
    [
      'a long option',
      { conditions: { a: { type: 'StringEqualCondition', options: { equals: 'x'.repeat(4097) } } } },
      'conditions.a',
    ],
    [
      'a NUL in the name of a condition',
      { conditions: { 'a\0': { type: 'EqualsSubjectCondition', options: {} } } },
      'conditions',
    ],
    [
      'too many conditions',
      {
        conditions: Object.fromEntries(
          Array.from({ length: 101 }, (_, i) => [`c${i}`, { type: 'EqualsSubjectCondition', options: {} }]),
        ),
      },
      'conditions',
    ],
  ] as [string, Partial<PolicyDraft>, string][])('with %s is refused', (_what, members, member) => {
    let error: unknown;
    try {
      validatePolicy({ ...policyOf('p1'), ...members });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(PolicyError);
    expect(error).toMatchObject({ member });
  });

  it('names the member and the place of a bad template', () => {
    expect(() => validatePolicy(policyOf('p1', { subjects: ['peter', 'x<(a)\\1>'] }))).toThrow(
      /^subjects\[1\]: invalid escape sequence '\\1' at position 5$/,
    );
  });

  it('may have an ID of every legal character', () => {
    expect(validatePolicy(policyOf('aZ0._-:@~')).id).toBe('aZ0._-:@~');
  });

  it('drops duplicate templates and options that the type does not know', () => {
    const policy = validatePolicy(
      policyOf('p1', {
        subjects: ['b', 'a', 'b'],
        conditions: { owner: { type: 'EqualsSubjectCondition', options: { more: 1 } } },
      }),
    );
    expect(policy.subjects).toEqual(['b', 'a']);
    expect(policy.conditions).toEqual({ owner: { type: 'EqualsSubjectCondition', options: {} } });
  });

  it('keeps a condition named __proto__', () => {
    const conditions = parseConditionsJson(
      JSON.parse('{"__proto__":{"type":"BooleanCondition","options":{"value":true}}}'),
    );
    const policy = validatePolicy(policyOf('p1', { conditions }));
    expect(JSON.stringify(policy.conditions)).toBe(
      '{"__proto__":{"type":"BooleanCondition","options":{"value":true}}}',
    );
  });
});

describe('a policy on the wire', () => {
  it('reads missing and null members as empty and ignores unknown ones', () => {
    expect(parsePolicyJson({ effect: 'allow', subjects: null, more: 1 })).toEqual({
      id: '',
      description: '',
      subjects: [],
      effect: 'allow',
      resources: [],
      actions: [],
      conditions: {},
    });
  });

  it('reads absent and null options as none', () => {
    expect(parseConditionsJson({ a: { type: 'X' }, b: { type: 'Y', options: null } })).toEqual({
      a: { type: 'X', options: {} },
      b: { type: 'Y', options: {} },
    });
  });

  it.each([
    [null, 'policy'],
    [[], 'policy'],
    ['x', 'policy'],
    [{ id: 1 }, 'id'],
    [{ effect: true }, 'effect'],
    [{ subjects: 'peter' }, 'subjects'],
    [{ subjects: ['peter', 1] }, 'subjects.1'],
    [{ conditions: [] }, 'conditions'],
    [{ conditions: 'x' }, 'conditions'],
    [{ conditions: { a: null } }, 'conditions.a'],
    [{ conditions: { a: { options: {} } } }, 'conditions.a'],
    [{ conditions: { a: { type: 'X', options: [] } } }, 'conditions.a'],
    [{ conditions: { a: { type: 'X', options: 'x' } } }, 'conditions.a'],
  ])('%j is refused', (json, member) => {
    let error: unknown;
    try {
      parsePolicyJson(json);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ name: 'PolicyError', member });
  });

  it('is written with lists as arrays and conditions as an object', () => {
    const policy = policyOf('p1', { subjects: [] });
    expect(policyToJson(policy)).toEqual(policy);
    expect(Object.keys(policyToJson(policy))).toEqual([
      'id',
      'description',
      'subjects',
      'effect',
      'resources',
      'actions',
      'conditions',
    ]);
  });
});

describe('a group', () => {
  it('has its members in order of their bytes, each once', () => {
    expect(validateGroup({ id: 'g', members: ['b', 'ä', 'B', 'b', '\u{1f600}', '\uffee'] }).members).toEqual([
      'B',
      'b',
      'ä',
      '\uffee',
      '\u{1f600}',
    ]);
  });

  it.each([
    [['']],
    [['a', 'x'.repeat(2049)]],
    [['a\0']],
    [['\ud800']],
    [Array.from({ length: 10_001 }, (_, i) => `${i}`)],
  ])('with members such as %.40j is refused', (members) => {
    expect(() => validateMembers(members)).toThrow(PolicyError);
  });

  it('with a bad ID is refused', () => {
    expect(() => validateGroup({ id: '../g', members: [] })).toThrow(PolicyError);
  });
});
