import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.js';
import { createAdmission, type Admission, type Refusal } from './admission.js';
import { createClassFinder, type AdmissionClass } from './admission-class.js';

const limits = { min: 10, max: 100, targetDelayMs: 5 };

/** Arrives so many times; answers how many were let in, and the refusals. */
function arrive(admission: Admission, times: number, of: AdmissionClass, address = ''): (Refusal | undefined)[] {
  return Array.from({ length: times }, () => admission.enter({ of, address }));
}

function admitted(answers: readonly (Refusal | undefined)[]): number {
  return answers.filter((answer) => answer === undefined).length;
}

describe('admission control', () => {
  it('keeps places for introspection and decisions when tokens and administration have taken theirs', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    expect(admitted(arrive(admission, 200, 'administration'))).toBe(75);
    expect(admitted(arrive(admission, 200, 'issuance'))).toBe(15);
    expect(admitted(arrive(admission, 200, 'decision'))).toBe(10);
    expect(admission.report().inFlight).toEqual({ decision: 10, issuance: 15, administration: 75 });
  });

  it('leaves every class a few places of its own, whatever the others take', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    expect(admitted(arrive(admission, 200, 'decision'))).toBe(100);
    expect(admitted(arrive(admission, 200, 'issuance'))).toBe(10);
    expect(admitted(arrive(admission, 200, 'administration'))).toBe(5);
  });

  it('lets in as many as leave', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    arrive(admission, 100, 'decision', 'a');
    expect(arrive(admission, 1, 'decision', 'a')).toEqual(['overload']);
    admission.leave({ of: 'decision', address: 'a' });
    expect(arrive(admission, 2, 'decision', 'a')).toEqual([undefined, 'overload']);
  });

  it('refuses what would be refused without taking a place', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    expect(admission.refuse({ of: 'issuance', address: '' })).toBeUndefined();
    expect(admission.report().inFlight.issuance).toBe(0);
    arrive(admission, 90, 'issuance');
    expect(admission.refuse({ of: 'issuance', address: '' })).toBe('overload');
    expect(admission.report().refused.overload).toEqual({ decision: 0, issuance: 1, administration: 0 });
  });

  it('lets one address take all places, and others in beside it: then it has its share and no more', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    expect(admitted(arrive(admission, 200, 'issuance', 'flood'))).toBe(90);
    expect(arrive(admission, 5, 'issuance', 'honest')).toEqual(Array.from({ length: 5 }, () => undefined));
    for (let turn = 0; turn < 10; turn++) admission.leave({ of: 'issuance', address: 'flood' });
    expect(arrive(admission, 1, 'issuance', 'flood')).toEqual(['address']);
    expect(arrive(admission, 1, 'issuance', 'honest')).toEqual([undefined]);
    expect(admission.report().refused.address.issuance).toBe(1);
  });

  it('forgets an address with its last request', () => {
    const admission = createAdmission({ ...limits, clock: createManualClock() });
    for (let round = 0; round < 1_000; round++) {
      arrive(admission, 1, 'issuance', `address ${round}`);
      admission.leave({ of: 'issuance', address: `address ${round}` });
    }
    expect(admitted(arrive(admission, 200, 'issuance', 'one'))).toBe(90);
  });

  it('lowers its limit while every event stands in line, and is back at once when the load is gone', () => {
    const clock = createManualClock();
    const admission = createAdmission({ ...limits, clock });
    arrive(admission, 100, 'decision');
    clock.tick(5, 100);
    expect(admission.report()).toMatchObject({ limit: 50, standingDelayMs: 100 });
    expect(arrive(admission, 1, 'decision')).toEqual(['overload']);
    for (let turn = 0; turn < 100; turn++) admission.leave({ of: 'decision', address: '' });
    clock.tick(5, 0);
    expect(admitted(arrive(admission, 40, 'decision'))).toBe(40);
  });

  it('says when refusing begins and, once, when it is over', () => {
    const clock = createManualClock();
    const said: unknown[] = [];
    const admission = createAdmission({ ...limits, clock, onChange: (...what) => said.push(what) });
    arrive(admission, 103, 'decision');
    clock.tick(5);
    arrive(admission, 2, 'decision');
    clock.tick(5);
    expect(said).toEqual([['refusing', 3]]);
    clock.tick(5 * 60);
    expect(said).toEqual([
      ['refusing', 3],
      ['admitting', 5],
    ]);
  });

  it('watches nothing while nothing comes', () => {
    const clock = createManualClock();
    const admission = createAdmission({ ...limits, clock });
    expect(clock.running).toBe(0);
    arrive(admission, 1, 'decision');
    expect(clock.running).toBe(1);
    admission.leave({ of: 'decision', address: '' });
    clock.tick(5 * 60);
    expect(clock.running).toBe(0);
  });

  it('serves one request whatever the limit is', () => {
    const admission = createAdmission({ min: 1, max: 1, targetDelayMs: 5, clock: createManualClock() });
    for (const of of ['decision', 'issuance', 'administration'] as const) {
      expect(arrive(admission, 2, of, 'a')).toEqual([undefined, 'overload']);
      admission.leave({ of, address: 'a' });
    }
  });
});

describe('the class of a route or an rpc', () => {
  const find = createClassFinder([
    { '/oauth2/token': 'issuance' },
    { 'x.v1.Tokens': 'decision', 'x.v1.Tokens/IssueToken': 'issuance' },
  ]);

  it.each([
    ['/oauth2/token', 'issuance'],
    ['x.v1.Tokens/IssueToken', 'issuance'],
    ['x.v1.Tokens/Introspect', 'decision'],
    ['x.v1.Clients/CreateClient', 'administration'],
    ['/clients/:id', 'administration'],
    ['', 'administration'],
    ['/health/ready', 'always'],
    ['grpc.health.v1.Health/Check', 'always'],
    ['constructor', 'administration'],
  ])('of %s is %s', (name, expected) => {
    expect(find(name)).toBe(expected);
  });
});
