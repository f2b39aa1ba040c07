import { describe, expect, it } from 'vitest';
import { send } from '../http.js';
import { sendRawForm } from './raw.js';
import {
  admin,
  authorizationQuery,
  comeBack,
  consentResponse,
  newPkce,
  newTokens,
  pkceOf,
  rawTo,
  refresh,
  revoke,
  startFlow,
  useTarget,
} from './target.js';

const target = useTarget({ env: { LOG_LEVEL: 'debug' } });

describe('logs and answers', () => {
  it('TM-01: an unknown client and an unregistered redirect URI look the same to a browser', async () => {
    const shapes = await Promise.all(
      ['nobody', 'conf', 'evil'].map(async (id) => {
        const answer = await rawTo(target(), {
          path: `/oauth2/auth?${authorizationQuery('conf', { client_id: id, redirect_uri: 'https://nowhere.example/cb' })}`,
        });
        return [answer.status, answer.headers.get('content-type'), answer.headers.has('location')];
      }),
    );
    for (const shape of shapes) expect(shape).toEqual([400, ['text/html; charset=utf-8'], false]);
  });

  it('TM-05, TM-06: a whole flow at level debug leaves no secret in the log, nor what the query of the browser says', async () => {
    const pair = newPkce();
    const flow = await startFlow(target(), 'conf', {
      state: 'a-very-telling-state',
      nonce: 'a-very-telling-nonce',
      login_hint: 'alice@very.private',
      ...pkceOf(pair),
    });
    const consent = consentResponse(target(), flow, {
      at_ext: { ssn: '078-05-1120' },
      id_ext: { email: 'alice@very.private' },
    });
    await comeBack(flow, consent);
    // A hint that is none is refused; it must not be logged for that.
    const hint = authorizationQuery('conf', { id_token_hint: 'a-very-telling-hint' });
    await rawTo(target(), { path: `/oauth2/auth?${hint}` });
    const tokens = await newTokens(target());
    await refresh(target(), 'conf', tokens.refresh_token);
    await refresh(target(), 'conf', tokens.refresh_token);
    await revoke(target(), tokens.access_token);
    await admin(target(), 'POST', '/keys/logged', { alg: 'RS256' });
    const bad = 'Bearer ct_at_a-token-that-is-not-ours.abc';
    await rawTo(target(), {
      path: '/clients',
      headers: [
        ['Authorization', bad],
        ['Cookie', 'session=a-very-telling-cookie'],
      ],
    });
    await sendRawForm(
      target().port,
      '/oauth2/token',
      'grant_type=password&username=alice&password=a-very-telling-password&client_id=svc&client_secret=a-very-telling-secret',
    );
    await send(`${target().product.publicUrl}/clients?access_token=a-very-telling-token`);
    const log = target().product.log();
    const told = [
      'very-telling',
      'very.private',
      '078-05-1120',
      'not-ours',
      consent,
      flow.challenge,
      pair.verifier,
      tokens.id_token,
      tokens.access_token,
      tokens.refresh_token,
    ];
    for (const text of told) expect(log.includes(text), text.slice(0, 20)).toBe(false);
    expect(log).toMatch(/path=\/oauth2\/auth /);
  });

  it.each(['a\nlevel=error msg=forged', 'a\r\nforged', '\u001b[31mred', 'a" msg="forged', '\u2028forged'])(
    'TM-07: %j is no line of its own in the log',
    async (text) => {
      const marker = `marker${Math.random().toString(36).slice(2)}`;
      const odd = `${text}${marker}`;
      await rawTo(target(), { path: `/oauth2/auth?client_id=${encodeURIComponent(odd)}` });
      await rawTo(target(), { path: `/${encodeURIComponent(odd)}`, headers: [['User-Agent', marker]] });
      await sendRawForm(
        target().port,
        '/oauth2/token',
        `grant_type=${encodeURIComponent(odd)}&client_id=${encodeURIComponent(odd)}&client_secret=x`,
      );
      await admin(target(), 'POST', '/clients', { client_name: odd, client_secret: 'short!' });
      await admin(target(), 'POST', '/policies', { id: odd });
      const lines = target()
        .product.log()
        .split('\n')
        .filter((line) => line.includes(marker));
      for (const line of lines) {
        expect(line).toMatch(/^(time=|\{)/);
        expect(line).not.toContain('\u001b');
      }
      expect(target().product.log()).not.toMatch(/^level=error msg=forged/m);
    },
  );

  it.each<[string, string, string]>([
    ['GET', '/oauth2/auth?%', ''],
    ['POST', '/oauth2/token', '%'],
    ['POST', '/policies', '{'],
    ['POST', '/policies', '{"subjects":["<("],"effect":"allow","resources":["x"],"actions":["x"]}'],
    ['PUT', '/keys/x/y', '{"kty":"RSA","n":"AQ","e":"AQAB","kid":"y"}'],
    ['GET', '/%', ''],
    ['GET', '/keys/%ff/x', ''],
    ['DELETE', '/warden/groups/x/members', '[]'],
  ])('TM-10, TM-11: %s %s is answered without stack, path, SQL or driver', async (method, path, body) => {
    const answer = await rawTo(target(), {
      method,
      path,
      headers: [
        ['Authorization', `Bearer ${target().root}`],
        ...(path.startsWith('/oauth2') ? [['Content-Type', 'application/x-www-form-urlencoded'] as const] : []),
      ],
      body,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).not.toMatch(
      /\bat .+:\d+:\d+|node_modules|\/work\/|\/home\/|SELECT |INSERT |postgres|typeorm|ECONN|error_debug|stack"/i,
    );
  });

  it('TM-09: answers of parallel requests are not mixed up', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const state = `state-number-${index}`;
        const answer = await rawTo(target(), {
          path: `/oauth2/auth?${authorizationQuery('conf', { state, response_type: index % 2 === 0 ? 'token' : 'x' })}`,
        });
        return [state, answer.headers.get('location')?.[0] ?? ''] as const;
      }),
    );
    for (const [index, [state, location]] of answers.entries()) {
      expect(location).toContain(`state=${state}&`);
      expect(location).toContain(index % 2 === 0 ? 'unauthorized_client' : 'unsupported_response_type');
    }
  });
});
