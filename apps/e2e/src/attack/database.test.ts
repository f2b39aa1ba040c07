import { describe, expect, it } from 'vitest';
import { sendRawForm } from './raw.js';
import { admin, authorizationQuery, introspect, newTokens, rawTo, refresh, revoke, useTarget } from './target.js';

const target = useTarget();

const injections = [
  "'",
  "''",
  '"',
  '\\',
  "' OR '1'='1",
  "' OR 1=1--",
  '" OR ""="',
  "'; DROP TABLE token.client; --",
  "') OR ('1'='1",
  "admin'--",
  "admin'/*",
  "' UNION SELECT null--",
  "' AND pg_sleep(20)--",
  "'; SELECT pg_sleep(20)--",
  '1; SELECT pg_sleep(20)',
  "' || pg_sleep(20)::text || '",
  '$1',
  '$$; SELECT pg_sleep(20); $$',
  '%',
  '_',
  '%%',
  'a%_',
  '*',
  "E'\\\\'",
  "U&'\\0061'",
  '{"$ne":null}',
  '\' COLLATE "C"--',
  "'::regclass",
  '\u02bc OR 1=1',
  '\uff07 OR 1=1',
];

describe('strings that would be SQL', () => {
  it.each(injections)('DB-01: %j is a value everywhere', async (text) => {
    const encoded = encodeURIComponent(text);
    const policy = { subjects: ['x'], effect: 'allow', resources: ['x'], actions: ['x'] };
    const form = `grant_type=client_credentials&token=${encoded}&client_id=${encoded}&client_secret=${encoded}`;
    const startedAt = Date.now();
    const statuses = await Promise.all([
      ...[`/clients/${encoded}`, `/policies/${encoded}`, `/keys/${encoded}/x`, `/warden/groups/${encoded}`].map(
        (path) => admin(target(), 'GET', path),
      ),
      admin(target(), 'GET', `/policies?limit=${encoded}`),
      admin(target(), 'GET', `/policies?offset=${encoded}`),
      admin(target(), 'POST', '/clients', { id: `${text}'` }),
      admin(target(), 'POST', '/policies', { ...policy, id: `${text}'` }),
      admin(target(), 'POST', '/warden/groups', { id: `${text}'`, members: [text] }),
      admin(target(), 'POST', '/keys/x', { alg: text }),
      admin(target(), 'POST', '/keys/x', { alg: 'RS256', kid: `${text}'` }),
      sendRawForm(target().port, '/oauth2/token', form),
      rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf', { client_id: text })}` }),
      refresh(target(), 'conf', text),
    ]);
    for (const [index, { status }] of statuses.entries()) expect([400, 401, 403, 404], String(index)).toContain(status);
    const question = { resource: text, action: text, context: { [text]: text } };
    const answers = await Promise.all([
      admin(target(), 'GET', `/warden/groups?member=${encoded}`),
      admin(target(), 'POST', '/warden/allowed', { ...question, subject: text }),
      admin(target(), 'POST', '/warden/token/allowed', { ...question, token: text, scopes: [text] }),
      introspect(target(), text, { scope: text }),
      revoke(target(), text),
    ]);
    const denied = '{"allowed":false}';
    expect(answers.map((answer) => answer.text)).toEqual(['null', denied, denied, '{"active":false}\n', '']);
    // pg_sleep would take twenty seconds.
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });

  it('DB-01: what is free text is stored and told as it came', async () => {
    const description = injections.join('\n');
    const made = await admin(target(), 'POST', '/policies', {
      id: 'quoted',
      description,
      subjects: injections.filter((text) => text !== ''),
      effect: 'allow',
      resources: ['x'],
      actions: ['x'],
    });
    expect(made.status).toBe(201);
    expect(JSON.parse((await admin(target(), 'GET', '/policies/quoted')).text)).toMatchObject({
      description,
      subjects: injections,
    });
    const members = [...injections].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await admin(target(), 'POST', '/warden/groups', { id: 'quoted-group', members })).status).toBe(201);
    expect(JSON.parse((await admin(target(), 'GET', '/warden/groups/quoted-group')).text)).toMatchObject({ members });
    const tokens = await newTokens(
      target(),
      'conf',
      {},
      { sub: "o'hara; DROP TABLE token.client", at_ext: { note: injections } },
    );
    expect(JSON.parse((await introspect(target(), tokens.access_token)).text)).toMatchObject({
      sub: "o'hara; DROP TABLE token.client",
      ext: { note: injections },
    });
    expect((await admin(target(), 'GET', '/clients/conf')).status).toBe(200);
  });

  it.each(['\\u0000', '\\ud800', '\\udc00\\ud800'])('DB-10: %s in any text is refused at the edge', async (escape) => {
    const send = (path: string, body: string, method = 'POST') =>
      rawTo(target(), {
        method,
        path,
        headers: [
          ['Authorization', `Bearer ${target().root}`],
          ['Content-Type', 'application/json'],
        ],
        body,
      });
    for (const [path, body] of [
      ['/clients', `{"client_name":"a${escape}"}`],
      ['/policies', `{"description":"a${escape}","subjects":["x"],"effect":"allow","resources":["x"],"actions":["x"]}`],
      ['/policies', `{"subjects":["a${escape}"],"effect":"allow","resources":["x"],"actions":["x"]}`],
      [
        '/policies',
        `{"subjects":["x"],"effect":"allow","resources":["x"],"actions":["x"],"conditions":{"a${escape}":{"type":"StringEqualCondition","options":{"equals":"x"}}}}`,
      ],
      ['/warden/groups', `{"id":"g","members":["a${escape}"]}`],
      ['/warden/allowed', `{"subject":"a${escape}","resource":"r","action":"a"}`],
      ['/keys/x', `{"alg":"RS256","kid":"a${escape}"}`],
    ] as const) {
      expect((await send(path, body)).status, path).toBe(400);
    }
  });
});
