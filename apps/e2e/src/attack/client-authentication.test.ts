import { describe, expect, it } from 'vitest';
import { sendRawForm, type RawAnswer } from './raw.js';
import { admin, errorOf, newCode, redeem, rawTo, serviceToken, useTarget } from './target.js';

const target = useTarget();
const endpoints = ['/oauth2/token', '/oauth2/revoke', '/oauth2/introspect'] as const;
type Header = readonly [string, string];

function basicText(text: string | Buffer): Header {
  return ['Authorization', `Basic ${Buffer.from(text).toString('base64')}`];
}

function ask(path: string, form: string, ...headers: Header[]): Promise<RawAnswer> {
  const rest = path === '/oauth2/token' ? 'grant_type=client_credentials&scope=docs' : 'token=x';
  return sendRawForm(target().port, path, form === '' ? rest : `${rest}&${form}`, headers);
}

/** An answer of a token-type endpoint that lets nobody in. */
function expectRefused(answer: RawAnswer, ...errors: string[]): void {
  expect(errors).toContain(errorOf({ text: answer.body }));
  expect([400, 401]).toContain(answer.status);
  expect(answer.headers.get('cache-control')).toEqual(['no-store']);
}

const unauthenticated = ['invalid_client', 'request_unauthorized'];

describe.each(endpoints)('CA-31: client authentication at %s', (path) => {
  it('positive control: Basic, the body, and both with the same values', async () => {
    const { id, secret } = target().clients.svc;
    expect((await ask(path, '', basicText(`${id}:${secret}`))).status).toBe(200);
    expect((await ask(path, `client_id=${id}&client_secret=${secret}`)).status).toBe(200);
    expect((await ask(path, `client_id=${id}&client_secret=${secret}`, basicText(`${id}:${secret}`))).status).toBe(200);
  });

  it('CA-01: two authentications that differ are none', async () => {
    const { svc, conf } = target().clients;
    const basic = basicText(`svc:${svc.secret}`);
    expectRefused(await ask(path, 'client_id=svc&client_secret=wrong', basic), 'invalid_request');
    expectRefused(await ask(path, `client_id=conf&client_secret=${conf.secret}`, basic), 'invalid_request');
    expectRefused(await ask(path, 'client_id=conf', basic), 'invalid_request');
    const assertion = 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=x';
    expectRefused(await ask(path, assertion, basic), 'invalid_request');
    expectRefused(await ask(path, `${assertion}&client_id=svc&client_secret=${svc.secret}`), 'invalid_request');
    expectRefused(await ask(path, assertion), ...unauthenticated);
  });

  it('CA-02: a client that registered one method does not pass with the other', async () => {
    const { basic, post } = target().clients;
    expectRefused(await ask(path, `client_id=basic&client_secret=${basic.secret}`), ...unauthenticated);
    expectRefused(await ask(path, '', basicText(`post:${post.secret}`)), ...unauthenticated);
  });

  it.each<[string, string, string, Header[]]>([
    ['CA-03', 'an empty secret in Basic', '', [basicText('svc:')]],
    ['CA-03', 'an empty secret in the body', 'client_id=svc&client_secret=', []],
    ['CA-03', 'an empty id', 'client_id=&client_secret=x', []],
    ['CA-05', 'the id alone', 'client_id=svc', []],
    ['CA-05', 'the id of another endpoint’s public client with a secret', 'client_id=pub&client_secret=x', []],
    ['CA-05', 'a public client in Basic with a secret', '', [basicText('pub:x')]],
    ['CA-07', 'no colon', '', [basicText('svc')]],
    ['CA-07', 'invalid base64', '', [['Authorization', 'Basic !!!!']]],
    ['CA-07', 'base64url', '', [['Authorization', 'Basic -_-_']]],
    ['CA-07', 'no credentials', '', [['Authorization', 'Basic']]],
    ['CA-07', 'blank credentials', '', [['Authorization', 'Basic ']]],
    ['CA-07', 'an embedded NUL', '', [basicText('svc\0:x')]],
    ['CA-07', 'an encoded NUL in the id', '', [basicText('svc%00:x')]],
    ['CA-07', 'an encoded NUL in the secret', '', [basicText('svc:x%00')]],
    ['CA-07', 'an encoded newline in the id', '', [basicText('svc%0Alevel=error:x')]],
    ['CA-07', 'bytes that are not UTF-8', '', [basicText(Buffer.from([0x73, 0xff, 0x3a, 0x78]))]],
    ['CA-07', '20 KiB', '', [basicText(`svc:${'x'.repeat(15_000)}`)]],
    ['CA-07', 'another scheme', '', [['Authorization', 'Digest username="svc"']]],
    ['CA-08', 'nothing', '', []],
    ['CA-08', 'a client id with an injection', "client_id=svc'%20OR%20'1'%3D'1&client_secret=x", []],
    ['CA-08', 'a client id named like a prototype', 'client_id=__proto__&client_secret=x', []],
    ['CA-08', 'a client id of 10 KiB', `client_id=${'x'.repeat(10_240)}&client_secret=x`, []],
    ['CA-08', 'a secret of 10 KiB', `client_id=svc&client_secret=${'x'.repeat(10_240)}`, []],
    ['CA-08', 'a client id in other case', 'client_id=SVC&client_secret=x', []],
    ['CA-08', 'a client id with a full-width letter', 'client_id=%EF%BD%93vc&client_secret=x', []],
  ])('%s: %s lets nobody in', async (_id, _what, form, headers) => {
    const answer = await ask(path, form, ...headers);
    expectRefused(answer, ...unauthenticated);
    expect(answer.status).toBe(401);
    if (headers.length > 0) expect(answer.headers.get('www-authenticate')?.[0]).toMatch(/^Basic/);
  });

  it('CA-07: two Authorization headers are one too many', async () => {
    const basic = basicText(`svc:${target().clients.svc.secret}`);
    const answer = await ask(path, '', basic, basicText('conf:x'));
    expect(answer.status).toBe(400);
  });

  it('CA-09: an unknown client and a wrong secret are the same refusal', async () => {
    const strip = (answer: RawAnswer): unknown => {
      const headers = [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
      return [answer.status, headers, answer.body];
    };
    const wrong = strip(await ask(path, '', basicText('svc:wrong-secret')));
    for (const id of ['nobody', 'pub', 'admin', 'conf', 'post', 'x'.repeat(300)]) {
      expect(strip(await ask(path, '', basicText(`${id}:wrong-secret`))), id).toEqual(wrong);
    }
  });

  it.each([
    ['CA-14', 'application/json', '{"client_id":"svc","client_secret":{"$ne":1},"grant_type":"client_credentials"}'],
    ['CA-14', 'application/json', '["svc"]'],
    [
      'CA-14',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="client_id"\r\n\r\nsvc\r\n--x--',
    ],
    ['CA-14', 'text/plain', 'client_id=svc'],
    ['CA-14', 'application/x-www-form-urlencoded, application/json', 'client_id=svc'],
    ['CA-14', 'application/x-www-form-urlencodedx', 'client_id=svc'],
  ])('%s: a body of type %s is no form', async (_id, type, body) => {
    const basic = basicText(`svc:${target().clients.svc.secret}`);
    const answer = await rawTo(target(), { method: 'POST', path, headers: [['Content-Type', type], basic], body });
    expect([400, 415]).toContain(answer.status);
    expect(errorOf({ text: answer.body })).toBe('invalid_request');
  });

  it('CA-14: client_secret[] and client_secret.x are other names', async () => {
    for (const name of ['client_secret[]', 'client_secret[$ne]', 'client_secret.x']) {
      const form = `client_id=svc&${encodeURIComponent(name)}=${target().clients.svc.secret}`;
      expect((await ask(path, form)).status).toBe(401);
    }
  });
});

describe('secrets', () => {
  it('CA-06: ids and secrets with odd characters pass in both readings of Basic, and no other', async () => {
    const secret = 'a+b%2Bc :\u00e9\u{1f600}-and-more-characters';
    const made = await admin(target(), 'POST', '/clients', {
      id: 'odd:id',
      client_secret: secret,
      grant_types: ['client_credentials'],
    });
    expect(made.status).toBe(201);
    target().secrets.add(secret);
    const encoded = new URLSearchParams({ x: secret }).toString().slice(2);
    const id = 'odd%3Aid';
    const form = 'grant_type=client_credentials';
    const answers = await Promise.all(
      [
        encoded,
        encodeURIComponent(secret),
        secret,
        secret.normalize('NFD'),
        encoded.toLowerCase(),
        secret.toUpperCase(),
        ` ${secret}`,
      ].map((text) => sendRawForm(target().port, '/oauth2/token', form, [basicText(`${id}:${text}`)])),
    );
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 401, 401, 401, 401]);
    // A raw colon ends the id.
    expect((await sendRawForm(target().port, '/oauth2/token', form, [basicText(`odd:id:${encoded}`)])).status).toBe(
      401,
    );
  });

  it('CA-10, CA-11: wrong secrets neither get in nor lock the client out', async () => {
    const { secret } = target().clients.svc;
    const tries: RawAnswer[] = [];
    for (let round = 0; round < 6; round++) {
      const wrong = Array.from({ length: 8 }, (_, index) => `${secret.slice(0, round * 8 + index)}x`);
      tries.push(...(await Promise.all(wrong.map((each) => ask('/oauth2/token', '', basicText(`svc:${each}`))))));
    }
    expect(tries.every((answer) => [401, 429].includes(answer.status))).toBe(true);
    expect(await serviceToken(target(), 'docs')).toMatch(/^ct_at_/);
  });

  it('CA-13: of a long secret every byte counts', async () => {
    const long = 'x'.repeat(72);
    const made = await admin(target(), 'POST', '/clients', {
      id: 'long',
      client_secret: `${long}-the-end`,
      grant_types: ['client_credentials'],
    });
    expect(made.status).toBe(201);
    for (const wrong of [long, `${long}-the-enD`, `${long}-the-end-`])
      expect((await ask('/oauth2/token', '', basicText(`long:${wrong}`))).status).toBe(401);
  });

  it('CA-04: a public client needs no secret and its code needs a verifier', async () => {
    const answer = await sendRawForm(
      target().port,
      '/oauth2/token',
      'grant_type=authorization_code&client_id=pub&code=x',
    );
    expect([answer.status, errorOf({ text: answer.body })]).toEqual([400, 'invalid_grant']);
  });

  it('CA-12: a secret is told once and never again', async () => {
    for (const path of ['/clients', '/clients/conf']) {
      const answer = await admin(target(), 'GET', path);
      expect(answer.status).toBe(200);
      expect(answer.text).not.toContain('client_secret"');
      for (const { secret } of Object.values(target().clients))
        expect(secret !== '' && answer.text.includes(secret)).toBe(false);
    }
    const put = await admin(target(), 'PUT', '/clients/svc', {
      grant_types: ['client_credentials'],
      response_types: [],
      scope: 'docs hydra',
    });
    expect(put.status).toBe(201);
    expect(put.text).not.toContain('client_secret"');
    // Not sent means unchanged.
    expect(await serviceToken(target(), 'docs')).toMatch(/^ct_at_/);
  });

  it('CA-16: who takes the secret of one client in the name of another gets nothing', async () => {
    const { conf } = target().clients;
    expect((await ask('/oauth2/token', '', basicText(`evil:${conf.secret}`))).status).toBe(401);
    expect((await redeem(target(), 'evil', await newCode(target()))).status).toBe(400);
  });
});
