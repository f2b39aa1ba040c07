import { describe, expect, it } from 'vitest';
import { admin, newCode, rawTo, redeem } from '../target.js';
import { jsonType, type Sending } from './sending.js';

/** Bodies of the admin API; its last row is the last of the file: what became of the connections that stall. */
export function attackWithJson({ target, bearer, postJson, stalled }: Sending): void {
  describe('JSON', () => {
    it.each<[string, string]>([
      ['depth 100000', '['.repeat(100_000)],
      ['depth 33 of objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
      ['a number of 10^6 digits', `{"limit":${'9'.repeat(900_000)}}`],
      ['1e400', '{"context":{"x":1e400}}'],
      ['a member twice', '{"id":"a","id":"b"}'],
      ['a member twice, once escaped', '{"id":"a","\\u0069d":"b"}'],
      ['a BOM', '\ufeff{}'],
      ['a trailing comma', '{"id":"a",}'],
      ['a comment', '{"id":"a"/*x*/}'],
      ['single quotes', "{'id':'a'}"],
      ['NaN', '{"x":NaN}'],
      ['__proto__', '{"__proto__":{"polluted":true}}'],
      ['__proto__ escaped', '{"__pro\\u0074o__":{"polluted":true}}'],
      ['__proto__ deep inside', '{"conditions":{"x":{"type":"A","options":{"__proto__":{"polluted":true}}}}}'],
      ['NUL', '{"id":"a\\u0000b"}'],
      ['half a character', '{"id":"\\ud800"}'],
      ['a list', '[]'],
      ['a text', '"x"'],
      ['null', 'null'],
      ['nothing', ''],
      ['two values', '{}{}'],
    ])('PM-21, PM-23: %s is no body of the admin API', async (_what, body) => {
      for (const path of [
        '/clients',
        '/policies',
        '/warden/groups',
        '/warden/allowed',
        '/warden/token/allowed',
        '/keys/odd',
      ]) {
        expect((await postJson(path, body)).status, path).toBe(400);
      }
      for (const path of ['/clients/conf', '/policies/x', '/keys/odd', '/keys/odd/x']) {
        const answer = await rawTo(target(), { method: 'PUT', path, headers: [bearer(), jsonType], body });
        expect(answer.status, path).toBe(400);
      }
    });

    it.each([
      '{"redirect_uris":[null]}',
      '{"redirect_uris":[""]}',
      '{"redirect_uris":{"0":"x","length":1}}',
      '{"redirect_uris":"https://rp.example/cb"}',
      '{"redirect_uris":[["https://rp.example/cb"]]}',
      '{"grant_types":[{}]}',
      '{"scope":["docs"]}',
      '{"id":{"$ne":1}}',
      '{"id":7}',
      '{"public":"true"}',
      '{"public":1}',
      '{"client_secret":{"$ne":1}}',
      '{"client_secret":123456789}',
      '{"contacts":[1]}',
      '{"response_types":["code",null]}',
      '{"response_types":[""]}',
    ])('PM-22: %s is no client', async (body) => {
      expect((await postJson('/clients', body)).status).toBe(400);
    });

    it('PM-23: constructor and prototype are data', async () => {
      const answer = await postJson(
        '/warden/allowed',
        '{"subject":"x","resource":"y","action":"z","context":{"constructor":{"prototype":{"polluted":true}},"toString":1}}',
      );
      expect([answer.status, answer.body]).toEqual([200, '{"allowed":false}']);
    });

    it.each([
      'SVC',
      '\uff53vc',
      'sv\u0441',
      'svc\u200b',
      's\u0000vc',
      'svc ',
      ' svc',
      'svc/',
      '\u017fvc',
      'svc%20',
      "svc'--",
    ])('PM-25: the id %j is another than svc, and none at all', async (id) => {
      expect((await admin(target(), 'GET', `/clients/${encodeURIComponent(id)}`)).status).toBeGreaterThanOrEqual(400);
      const made = await admin(target(), 'POST', '/clients', { id });
      if (id === 'SVC') return expect(made.status).toBe(201);
      expect(made.status).toBe(400);
    });

    it.each([
      'limit=-1',
      'limit=1e9',
      'limit=9007199254740993',
      'limit=99999999999',
      'limit=NaN',
      'limit=1;drop',
      'limit=0x10',
      'limit=1.5',
      'limit=%201',
      'limit=1&limit=2',
      'offset=-1',
      'offset=NaN',
      'offset=9007199254740993',
      'limit=%D9%A1',
    ])('PM-26: %s is no count', async (query) => {
      expect((await rawTo(target(), { path: `/policies?${query}`, headers: [bearer()] })).status).toBe(400);
    });

    it('PM-26: a large count is cut, zero is the default', async () => {
      for (const query of ['limit=100000', 'limit=0', 'limit=500&offset=2147483647']) {
        expect((await rawTo(target(), { path: `/policies?${query}`, headers: [bearer()] })).status).toBe(200);
      }
    });

    it('positive control: honest requests still pass', async () => {
      expect((await redeem(target(), 'conf', await newCode(target()))).status).toBe(200);
      expect(
        (await postJson('/policies', '{"subjects":["a"],"effect":"allow","resources":["b"],"actions":["c"]}')).status,
      ).toBe(201);
    });

    it('PM-13: a request that never ends is ended', async () => {
      const longest = Math.max(
        ...(await Promise.all(stalled.map(async ({ since, closed }) => (await closed, Date.now() - since)))),
      );
      expect(longest).toBeLessThan(90_000);
    }, 120_000);
  });
}
