import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';

/** One request that the admin API got. */
export type Seen = { readonly call: string; readonly authorization: string; readonly body: unknown };

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** An admin API and token endpoint on a socket that answer what a test says, and tell what they were sent. */
export type AdminApi = {
  readonly url: string;
  readonly seen: Seen[];
  /** Answers of the admin API by `METHOD path?query`; what is not there is 404. */
  readonly answers: Map<string, Answer>;
  /** What the token endpoint answers; 200 means a token. */
  tokenStatus: number;
  /** Makes every access token so far unknown. */
  revokeTokens(): void;
  close(): Promise<void>;
};

/** Starts it on a free loopback port. */
export async function startAdminApi(): Promise<AdminApi> {
  const tokens = new Set<string>();
  let issued = 0;
  const server = createServer((request, response) => {
    void answer(request).then(
      ({ status, body, headers }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body === undefined ? '' : JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });

  async function answer(request: IncomingMessage): Promise<Answer> {
    const authorization = request.headers.authorization ?? '';
    const call = `${request.method} ${request.url}`;
    if (request.url === '/oauth2/token') {
      api.seen.push({ call, authorization, body: await text(request) });
      if (api.tokenStatus !== 200) return { status: api.tokenStatus, body: { error: 'invalid_client' } };
      const token = `token-${(issued += 1)}`;
      tokens.add(token);
      return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 3600 } };
    }
    const body = request.method === 'PUT' ? await json(request).catch(() => undefined) : undefined;
    api.seen.push({ call, authorization, body });
    if (!tokens.has(authorization.slice('Bearer '.length))) return { status: 401, body: { error: 'unauthorized' } };
    return api.answers.get(call) ?? { status: 404, body: { error: { code: 404, message: 'Not found' } } };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api: AdminApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    answers: new Map(),
    tokenStatus: 200,
    revokeTokens: () => tokens.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}
