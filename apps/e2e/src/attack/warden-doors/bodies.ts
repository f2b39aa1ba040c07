import { describe, expect, it } from 'vitest';
import type { RawAnswer } from '../raw.js';
import { rawTo } from '../target.js';
import type { Doors } from './doors.js';

/** What is sent to the HTTP doors. */
export function attackHttpDoors({ target, withPolicy }: Doors): void {
  /** Sends exact bytes as the root client. */
  function post(path_: string, body: string, more: readonly [string, string][] = []): Promise<RawAnswer> {
    const headers: [string, string][] = [
      ['Authorization', `Bearer ${target().root}`],
      ['Content-Type', 'application/json'],
      ...more,
    ];
    return rawTo(target(), { method: 'POST', path: path_, headers, body });
  }

  describe('bodies', () => {
    it.each([
      ['/warden/allowed', (twice: string) => `{"subject":"x",${twice},"resource":"r","action":"ACTION"}`],
      ['/warden/explain', (twice: string) => `{"subject":"x",${twice},"resource":"r","action":"ACTION"}`],
      [
        '/access/v1/evaluation',
        (twice: string) =>
          `{"subject":{"type":"user","id":"x","id":"s"},"action":{"name":"ACTION"},"resource":{"type":"t","id":"r"},"context":{${twice}}}`,
      ],
      [
        '/access/v1/evaluations',
        (twice: string) =>
          `{"subject":{"type":"u","id":"s"},"action":{"name":"ACTION"},"evaluations":[{"resource":{"type":"t","id":"x"},"resource":{"type":"t","id":"r"},"context":{${twice}}}]}`,
      ],
    ])('WP-14: %s takes no member twice, in whatever spelling', async (route, make) => {
      const { action } = await withPolicy({});
      for (const twice of ['"subject":"s"', '"\\u0073ubject":"s"', '"subject":"s","SUBJECT":"s"']) {
        const answer = await post(route, make(twice).replace('ACTION', action));
        expect([answer.status, answer.body.includes('true')], twice).toEqual([400, false]);
      }
    });

    it.each([
      '/warden/allowed',
      '/warden/token/allowed',
      '/warden/explain',
      '/access/v1/evaluation',
      '/access/v1/evaluations',
    ])('WP-25: %s is not upset by nesting, size or numbers', async (route) => {
      for (const body of [
        '['.repeat(200_000),
        '{"a":'.repeat(100_000),
        `{"context":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
        `{"subject":${'9'.repeat(400_000)}}`,
        '{"subject":1e400}',
        `{"${'k'.repeat(500_000)}":1}`,
        '\ufeff{}',
        'null',
        '"text"',
        '{"evaluations":[null]}',
        '{"evaluations":{"length":1}}',
      ]) {
        const answer = await post(route, body);
        expect(answer.status < 500, `${body.slice(0, 30)}: ${answer.status}`).toBe(true);
        expect(answer.body).not.toContain('true');
      }
    });

    it('WP-39: AuthZEN takes 256 evaluations, and refuses more before it decides any', async () => {
      const { action } = await withPolicy({});
      const request = (count: number): string =>
        JSON.stringify({
          subject: { type: 'user', id: 's' },
          action: { name: action },
          evaluations: Array.from({ length: count }, () => ({ resource: { type: 't', id: 'r' } })),
        });
      const most = await post('/access/v1/evaluations', request(256));
      expect((JSON.parse(most.body) as { evaluations: unknown[] }).evaluations).toHaveLength(256);
      expect((await post('/access/v1/evaluations', request(257))).status).toBe(400);
      expect((await post('/access/v1/evaluations', request(60_000))).status).toBe(413);
    });

    it('WP-21: prototypes are no entities', async () => {
      const { action } = await withPolicy({ subjects: ['root-of-all'] });
      for (const subject of [
        '{"type":"user","id":"x","__proto__":{"id":"root-of-all"}}',
        '{"__proto__":{"type":"user","id":"root-of-all"}}',
        '{"type":"user","constructor":{"prototype":{"id":"root-of-all"}}}',
      ]) {
        const body = `{"subject":${subject},"action":{"name":"${action}"},"resource":{"type":"t","id":"r"}}`;
        expect((await post('/access/v1/evaluation', body)).body).not.toContain('true');
      }
    });

    it('WP-23: a context does not make properties of a subject', async () => {
      const conditions = {
        'subject.properties.role': { type: 'StringEqualCondition', options: { equals: 'admin' } },
        'subject.type': { type: 'StringEqualCondition', options: { equals: 'employee' } },
      };
      const { action } = await withPolicy({ conditions });
      const ask = async (subject: object, more: object = {}): Promise<boolean> => {
        const request = { subject, action: { name: action }, resource: { type: 't', id: 'r' }, ...more };
        return (await post('/access/v1/evaluation', JSON.stringify(request))).body === '{"decision":true}';
      };
      const admin_ = { type: 'employee', id: 's', properties: { role: 'admin' } };
      expect(await ask(admin_)).toBe(true);
      const context = { 'subject.properties.role': 'admin', 'subject.type': 'employee' };
      expect(await ask({ type: 'user', id: 's' }, { context })).toBe(false);
      expect(await ask({ type: 'employee', id: 's' }, { context })).toBe(false);
      expect(await ask({ ...admin_, type: 'user' }, { context })).toBe(false);
      expect(await ask({ type: 'employee', id: 's', properties: {} }, { context: { subject: admin_ } })).toBe(false);
      const resource = { type: 't', id: 'r', properties: { 'subject.properties.role': 'admin', role: 'admin' } };
      expect(await ask({ type: 'employee', id: 's' }, { resource })).toBe(false);
    });

    it('WP-23: headers do not make another request of a decision', async () => {
      const { action } = await withPolicy({ subjects: ['root-of-all'] });
      const body = JSON.stringify({ subject: 's', resource: 'r', action });
      for (const [name, value] of [
        ['X-HTTP-Method-Override', 'DELETE'],
        ['X-Original-URL', '/policies'],
        ['X-Castellan-Subject', 'root-of-all'],
        ['X-Forwarded-User', 'root-of-all'],
        ['X-Request-ID', 'a"},"allowed":true,"x":{"'],
        ['castellan-peer', 'admin'],
      ] as const) {
        expect((await post('/warden/allowed', body, [[name, value]])).body, name).toBe('{"allowed":false}');
      }
    });
  });
}
