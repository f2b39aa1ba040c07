import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, listen, open, raw } from '../testing/http-app.js';

afterEach(closeAll);

describe('broken requests', () => {
  it.each([
    ['without Host', 'GET /clients HTTP/1.1\r\nconnection: close\r\n\r\n', '400'],
    ['with two Hosts', 'GET /clients HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n', '400'],
    [
      'with two content types',
      'POST /clients HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
      '400',
    ],
    [
      'with two authorizations',
      'GET /clients HTTP/1.1\r\nhost: a\r\nauthorization: x\r\nauthorization: y\r\nconnection: close\r\n\r\n',
      '400',
    ],
    [
      'with two Hosts for an unknown path',
      'GET /absent HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
      '400',
    ],
    ['with an unknown method', 'FOO /clients HTTP/1.1\r\nhost: a\r\n\r\n', '400'],
    ['for a proxy', 'GET http://evil.example/clients HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', '400'],
    ['with a header of 64 KiB', `GET /clients HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(65_536)}\r\n\r\n`, '431'],
    [
      'with 200 headers',
      `GET /clients HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(200)}connection: close\r\n\r\n`,
      '431',
    ],
    [
      'with both lengths',
      'POST /clients HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    [
      'with more than 1 MiB',
      `POST /clients HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1048577\r\nconnection: close\r\n\r\n`,
      '413',
    ],
  ])('%s are refused', async (_title, text, status) => {
    const { app } = await open();
    const answer = await raw(await listen(app), text);
    expect(answer.slice(9, 12)).toBe(status);
    expect(answer).toContain('nosniff');
  });
});

describe('slow requests', () => {
  it('have ten seconds for their headers, thirty in all, and are looked after every two', async () => {
    const { app } = await open();
    expect(app.getHttpServer()).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 65_000,
    });
  });
});

describe('the body of a request', () => {
  it.each([
    [undefined, 200],
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['Application/JSON ;x', 200],
    [' application/json', 200],
    ['text/plain', 200],
    ['application/x-www-form-urlencoded', 415],
    ['application/json\ta', 415],
    ['application/jsonx', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/xml', 415],
    ['nonsense', 415],
  ])('with content type %j on a JSON route is answered %i', async (contentType, status) => {
    const { app } = await open();
    const header = contentType === undefined ? '' : `content-type: ${contentType}\r\n`;
    const answer = await raw(
      await listen(app),
      `POST /clients HTTP/1.1\r\nhost: a\r\n${header}content-length: 7\r\nconnection: close\r\n\r\n{"a":1}`,
    );
    expect(Number(answer.slice(9, 12)) === 201 ? 200 : Number(answer.slice(9, 12))).toBe(status);
    if (status === 200) expect(answer).toContain('{"body":{"a":1},"polluted":false}');
  });

  it('of a form keeps order and repetition, and is empty when absent', async () => {
    const { app } = await open();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject({ method: 'POST', url: '/oauth2/token', payload: 'b=2&a=1&b=%C3%BC+x', headers });
    expect(answer.json()).toEqual({
      body: [
        { name: 'b', value: '2' },
        { name: 'a', value: '1' },
        { name: 'b', value: '\u00fc x' },
      ],
    });
    expect((await app.inject({ method: 'POST', url: '/oauth2/token' })).json()).toEqual({ body: [] });
    expect((await app.inject({ method: 'POST', url: '/oauth2/token', payload: { name: 'a' } })).statusCode).toBe(400);
  });
});
