import { describe, expect, it } from 'vitest';
import { sendRawForm } from '../raw.js';
import { authorizationQuery, claimsOfChallenge, errorOf, rawTo, tokensOf } from '../target.js';
import { credentials, jsonType, type Sending } from './sending.js';

/** Parameters of queries and forms, and what carries them. */
export function attackWithParameters({ target, basic, bearer, postJson, stall }: Sending): void {
  describe('parameters', () => {
    it('PM-13: many requests that never end keep nobody else waiting', async () => {
      for (let each = 0; each < 50; each++) stall();
      const startedAt = Date.now();
      expect((await rawTo(target(), { path: '/.well-known/jwks.json' })).status).toBe(200);
      expect(Date.now() - startedAt).toBeLessThan(5_000);
    });

    it.each([
      'grant_type=client_credentials',
      'grant_type=password',
      'scope=docs',
      'scope=hydra',
      'client_id=svc&client_id=svc',
      'x=1&x=1',
    ])('PM-01: %s twice in a token request is one too many', async (again) => {
      const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${again}`, [basic()]);
      expect([answer.status, errorOf({ text: answer.body })]).toEqual([400, 'invalid_request']);
    });

    it.each([
      'client_id=conf',
      'client_id=evil',
      'redirect_uri=https%3A%2F%2Fevil.example%2Fcb',
      'scope=openid',
      'state=x',
      'response_type=token',
      'nonce=x',
      'whatever=1&whatever=2',
    ])('PM-01: %s twice in an authorization request ends on our page', async (again) => {
      for (const query of [`${authorizationQuery('conf')}&${again}`, `${again}&${authorizationQuery('conf')}`]) {
        const answer = await rawTo(target(), { path: `/oauth2/auth?${query}` });
        expect([answer.status, answer.headers.has('location')]).toEqual([400, false]);
        const posted = await sendRawForm(target().port, '/oauth2/auth', query);
        expect([posted.status, posted.headers.has('location')]).toEqual([400, false]);
      }
    });

    it('PM-01: a second value behind hundreds of empty pairs is still a second value', async () => {
      const gap = '&'.repeat(410);
      const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf')}${gap}state=x` });
      expect([answer.status, answer.headers.has('location')]).toEqual([400, false]);
      const token = await sendRawForm(target().port, '/oauth2/token', `${credentials}${gap}scope=hydra`, [basic()]);
      expect(token.status).toBe(400);
    });

    it.each([
      'scope[]=hydra',
      'scope[a]=hydra',
      'scope.a=hydra',
      'Scope=hydra',
      '__proto__=x',
      '__proto__[scope]=hydra',
      'scope%00=hydra',
    ])('PM-02: %s is another parameter than scope', async (odd) => {
      const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${odd}`, [basic()]);
      if (odd.includes('%00')) expect(answer.status).toBe(400);
      else expect(tokensOf({ text: answer.body }).scope).toBe('docs');
    });

    it('PM-03: an empty value is none', async () => {
      const answer = await sendRawForm(
        target().port,
        '/oauth2/token',
        'grant_type=client_credentials&scope=&resource=',
        [basic()],
      );
      expect(tokensOf({ text: answer.body }).scope).toBe('');
    });

    it('PM-05: the query of a token-type endpoint is nothing, and so is that of a posted authorization request', async () => {
      const answer = await sendRawForm(
        target().port,
        `/oauth2/token?${credentials}&client_id=svc&client_secret=x`,
        '',
        [basic()],
      );
      expect([answer.status, errorOf({ text: answer.body })]).toEqual([400, 'invalid_request']);
      const scoped = await sendRawForm(target().port, '/oauth2/token?scope=hydra', credentials, [basic()]);
      expect(tokensOf({ text: scoped.body }).scope).toBe('docs');
      const posted = await sendRawForm(
        target().port,
        '/oauth2/auth?redirect_uri=https%3A%2F%2Fevil.example%2Fcb&client_id=evil&scope=profile&state=query',
        authorizationQuery('conf'),
      );
      expect(posted.status).toBe(303);
      const claims = claimsOfChallenge(posted.headers.get('location')?.[0] ?? '');
      expect(claims['aud']).toBe('conf');
      expect(String(claims['redir'])).not.toMatch(/evil|state=query|scope=profile/);
    });

    it.each(['%00', '%01', '%1f', '%7f', '%ff%fe', '%c0%af', '%ed%a0%80', '%', '%4', '%0d%0a', '%c2%85'])(
      'PM-06, DB-10: %s in a value is refused at the edge',
      async (bytes) => {
        const { port } = target();
        const answers = [
          await sendRawForm(port, '/oauth2/token', `${credentials}%20${bytes}`, [basic()]),
          await sendRawForm(port, '/oauth2/revoke', `token=x${bytes}`, [basic()]),
          await sendRawForm(port, '/oauth2/introspect', `token=x${bytes}`, [basic()]),
          await rawTo(target(), { path: `/oauth2/auth?client_id=conf${bytes}` }),
          await rawTo(target(), { path: `/oauth2/auth?client_id=x&${bytes}=1` }),
          await rawTo(target(), { path: `/policies?limit=1${bytes}`, headers: [bearer()] }),
          await rawTo(target(), { path: `/warden/groups?member=x${bytes}`, headers: [bearer()] }),
        ];
        // A C1 control is text to the admin API; nobody else takes it.
        for (const [index, answer] of answers.entries()) {
          if (bytes === '%c2%85' && index === 6) expect([200, 400]).toContain(answer.status);
          else expect(answer.status, String(index)).toBe(400);
        }
      },
    );

    it.each(['%00', '%0a', '%ff', '%c0%af', '%ed%a0%80', '%', '%2', '..%00'])(
      'PM-06, AD-07: an ID %s in a path names nothing',
      async (bytes) => {
        for (const path of [
          `/clients/x${bytes}`,
          `/policies/${bytes}`,
          `/keys/set${bytes}/kid`,
          `/keys/set/kid${bytes}`,
          `/warden/groups/x${bytes}`,
        ]) {
          const answer = await rawTo(target(), { path, headers: [bearer()] });
          expect([400, 404], path).toContain(answer.status);
        }
      },
    );

    it('PM-06: raw bytes that are no text are refused', async () => {
      const raw = Buffer.concat([Buffer.from(`${credentials}&x=`), Buffer.from([0xff, 0xfe])]);
      expect((await sendRawForm(target().port, '/oauth2/token', raw, [basic()])).status).toBe(400);
      for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80]]) {
        const body = Buffer.concat([Buffer.from('{"id":"'), Buffer.from(bytes), Buffer.from('"}')]);
        for (const path of ['/clients', '/policies', '/warden/groups', '/warden/allowed'])
          expect((await postJson(path, body)).status).toBe(400);
      }
    });

    it.each<[string, string, readonly number[]]>([
      ['10000 parameters', 'a=1&'.repeat(10_000), [400]],
      ['a value of 512 KiB', `x=${'a'.repeat(524_288)}`, [400]],
      ['a body of 2 MiB', 'a'.repeat(2_097_152), [0, 413]],
    ])('PM-07: %s', async (_what, body, statuses) => {
      const answer = await sendRawForm(target().port, '/oauth2/token', `${credentials}&${body}`, [basic()]);
      expect(statuses).toContain(answer.status);
    });

    it('PM-07: a header line of 64 KiB and two hundred headers', async () => {
      const long = await rawTo(target(), { path: '/health/alive', headers: [['X-Long', 'x'.repeat(65_536)]] });
      expect([0, 431]).toContain(long.status);
      const many = Array.from({ length: 200 }, (_, index) => [`X-${index}`, 'x'] as const);
      expect((await rawTo(target(), { path: '/clients', headers: many })).status).toBe(431);
    });

    it.each<[string, number]>([
      [' application/json', 400],
      ['Application/JSON ;x', 400],
      ['application/json; charset=utf-16', 400],
      ['application/json\ta', 415],
      ['application/json, text/html', 415],
      ['application/jsonp', 415],
      ['text/html', 415],
      ['application/x-www-form-urlencoded', 415],
      ['multipart/form-data; boundary=x', 415],
      ['__proto__', 415],
    ])('PM-09: a body that does not fit, as %j, is answered %i', async (type, status) => {
      expect((await postJson('/policies', '{"id":7}', ['Content-Type', type])).status).toBe(status);
      expect(
        (await postJson('/clients', '{"redirect_uris":{"0":"x","length":1}}', ['Content-Type', type])).status,
      ).toBe(status);
    });

    it('PM-09: two content types are one too many', async () => {
      expect((await postJson('/policies', '{}', jsonType, ['content-type', 'text/html'])).status).toBe(400);
    });
  });
}
