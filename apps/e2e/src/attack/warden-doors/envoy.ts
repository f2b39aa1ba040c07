import { createRpcChannelClient, envoyAuthV3 } from '@castellan/rpc';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Doors, patient } from './doors.js';

/** Requests that a proxy asks about. */
export function attackEnvoysDoor({ target, peers, withPolicy }: Doors): void {
  describe("Envoy's door", () => {
    type Http = { readonly path: string; readonly host?: string; readonly method?: string; readonly headers?: object };

    /** What comes of a request that shows the root token. */
    async function ask({ path: at, host = 'api.example', method = 'GET', headers = {} }: Http) {
      const shown = new Map<string, string>([['authorization', `Bearer ${target().root}`], ...Object.entries(headers)]);
      const request = envoyAuthV3.CheckRequest.fromPartial({
        attributes: {
          source: { address: { socketAddress: { address: '10.9.8.7' } } },
          request: { http: { method, path: at, host, headers: shown } },
        },
      });
      return createRpcChannelClient(envoyAuthV3.AuthorizationService, peers()).check(request, patient);
    }
    const passes = async (http: Http): Promise<boolean> => (await ask(http)).okResponse !== undefined;

    beforeAll(async () => {
      const own = { subjects: ['admin'], actions: ['get'] };
      await withPolicy({ ...own, resources: ['http:api.example:/public<.*>', 'http:api.example:/all<.*>'] });
      await withPolicy({ ...own, effect: 'deny', resources: ['http:api.example:/all/secret<.*>'] });
    });

    it('positive control: what is allowed passes, what is not does not', async () => {
      expect(await passes({ path: '/public/a?x=/all/secret' })).toBe(true);
      expect(await passes({ path: '/all/a' })).toBe(true);
      expect(await passes({ path: '/all/secret/a' })).toBe(false);
      expect(await passes({ path: '/private' })).toBe(false);
      expect(await passes({ path: '/public/a', method: 'POST' })).toBe(false);
    });

    it.each([
      '/all/%73ecret/a',
      '/all/secre%74',
      '/all//secret/a',
      '/all/./secret/a',
      '/all/x/../secret/a',
      '/all/x/%2e%2e/secret/a',
      '/all/x/.%2E/secret/a',
      '/all/x/..;/secret/a',
      '/all/;x/secret/a',
      '/all%2fsecret/a',
      '/all/%2fsecret/a',
      '/all\\secret\\a',
      '/all/%5csecret/a',
      '/all/%252e%252e/secret',
      '/all/x/..%00/secret/a',
      '/all/\tsecret',
      '/all/secret%',
      '/public/../private',
      '/public/..%2fprivate',
      '/public/%2e%2e/private',
      '//public/a',
      'http://api.example/public/a',
      'public/a',
      '*',
      '',
    ])('PM: the path %j gets nobody past a denial, nor out of what is allowed', async (at) => {
      expect(await passes({ path: at })).toBe(false);
    });

    it.each([
      'api.example:/public',
      'api.example:/public/..',
      'api.example/public',
      'x@api.example:/public',
      'api.example:80:/public',
      'api.example\r\nx: y',
      'API.EXAMPLE:/public',
    ])('PM: the host %j does not pose as the beginning of a path', async (host) => {
      expect(await passes({ host, path: '/private' })).toBe(false);
    });

    it.each(['API.example', 'api.example.', 'api.example:443', 'api.example:80'])(
      'PM: a denial holds for the host spelt %s',
      async (host) => {
        expect(await passes({ host, path: '/all/a' })).toBe(true);
        expect(await passes({ host, path: '/all/secret/a' })).toBe(false);
      },
    );

    it('GR-03: what a request says of itself does not reach the upstream', async () => {
      const forged = {
        'x-castellan-subject': 'root-of-all',
        x_castellan_subject: 'root-of-all',
        'x-castellan_client_id': 'root-of-all',
        'x-http-method-override': 'DELETE',
        'x-original-url': '/private',
        'x-forwarded-for': '127.0.0.1',
      };
      const { okResponse } = await ask({ path: '/public/a', headers: forged });
      const set = new Map(okResponse?.headers.map((option) => [option.header?.key, option]));
      expect(set.get('x-castellan-subject')).toMatchObject({ header: { value: 'admin' }, appendAction: 2 });
      expect(okResponse?.headersToRemove).toEqual(
        expect.arrayContaining([
          'x_castellan_subject',
          'x-castellan_client_id',
          'x-http-method-override',
          'x-original-url',
        ]),
      );
    });

    it.each([
      ['two tokens in one header', { authorization: 'Bearer a,Bearer b' }],
      ['a token of nobody', { authorization: 'Bearer nobody' }],
      ['the token in another header', { authorization: '', 'x-authorization': 'Bearer TOKEN' }],
      ['the token as a proxy credential', { authorization: '', 'proxy-authorization': 'Bearer TOKEN' }],
    ])('GR-03: a request with %s is refused', async (_what, headers) => {
      const filled = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', target().root)]),
      );
      expect((await ask({ path: '/public/a', headers: filled })).deniedResponse?.status?.code).toBe(401);
    });
  });
}
