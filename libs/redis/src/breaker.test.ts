import { describe, expect, it } from 'vitest';
import { type Breaker, createBreaker } from './breaker.js';

function createTest(): { breaker: Breaker; advance(ms: number): void; events: string[]; sent(): number } {
  let time = 0;
  const events: string[] = [];
  const breaker = createBreaker({
    failures: 3,
    pauseMs: 1000,
    now: () => time,
    isFailure: (error) => error !== 'answer',
    onChange: (state) => events.push(state),
  });
  let count = 0;
  return {
    breaker: { run: (command) => breaker.run(() => (count++, command())) },
    advance: (ms) => (time += ms),
    events,
    sent: () => count,
  };
}

describe('a breaker', () => {
  it('sends nothing for a while after three failures in a row', async () => {
    const { breaker, events, sent } = createTest();
    for (let i = 0; i < 10; i++) expect(await breaker.run(() => Promise.reject(new Error()))).toBeUndefined();
    expect(sent()).toBe(3);
    expect(events).toEqual(['open']);
  });

  it('counts failures in a row only', async () => {
    const { breaker, events } = createTest();
    for (let i = 0; i < 10; i++) {
      await breaker.run(() => Promise.reject(new Error()));
      await breaker.run(() => Promise.reject(new Error()));
      expect(await breaker.run(() => Promise.resolve(1))).toBe(1);
    }
    expect(events).toEqual([]);
  });

  it('takes an answer that we do not like for an answer', async () => {
    const { breaker, events } = createTest();
    for (let i = 0; i < 10; i++) expect(await breaker.run(() => Promise.reject('answer'))).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('sends one probe after the while, and closes when it is answered', async () => {
    const { breaker, advance, events, sent } = createTest();
    for (let i = 0; i < 3; i++) await breaker.run(() => Promise.reject(new Error()));
    advance(999);
    await breaker.run(() => Promise.resolve(1));
    expect(sent()).toBe(3);
    advance(1);
    const answers = await Promise.all(Array.from({ length: 5 }, () => breaker.run(() => Promise.resolve(1))));
    expect(answers.filter((answer) => answer === 1)).toHaveLength(1);
    expect(await breaker.run(() => Promise.resolve(2))).toBe(2);
    expect(events).toEqual(['open', 'closed']);
  });

  it('waits again after a probe that failed', async () => {
    const { breaker, advance, sent, events } = createTest();
    for (let i = 0; i < 3; i++) await breaker.run(() => Promise.reject(new Error()));
    for (let i = 0; i < 5; i++) {
      advance(1000);
      await breaker.run(() => Promise.reject(new Error()));
      await breaker.run(() => Promise.reject(new Error()));
    }
    expect(sent()).toBe(8);
    expect(events).toEqual(['open']);
  });
});
