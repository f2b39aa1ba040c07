import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export type SeenRequest = {
  readonly method: string;
  /** Path and query as they came, not decoded. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

export type Answer = {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type AdminServer = {
  readonly url: string;
  /** Requests beside those for the token of the caller. */
  readonly seen: SeenRequest[];
  /** Answer to the next requests, by method and path. */
  readonly answers: Map<string, Answer>;
  close(): Promise<void>;
};

/** The token every client gets from this server. */
export const issuedToken = 'ct_at_payload.signature';

/**
 * A server that speaks the wire shapes of the admin API: it issues a token to the client `admin` with the secret
 * `demo-password` for the scope `hydra`, demands it elsewhere, and gives the answers it was told.
 */
export async function startAdminServer(tls?: { cert: string; key: string }): Promise<AdminServer> {
  const seen: SeenRequest[] = [];
  const answers = new Map<string, Answer>();

  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { method = '', url: path = '', headers } = request;
      const answer = path === '/oauth2/token' ? issue(headers.authorization, body) : undefined;
      if (answer === undefined || answer.status === 404) seen.push({ method, path, headers, body });
      const told = answers.get(`${method} ${path}`);
      const missing: Answer = { status: 404, body: { error: { message: 'Not found' } } };
      const { status, body: content, headers: more } = told ?? answer ?? missing;
      const text = content === undefined ? '' : typeof content === 'string' ? content : JSON.stringify(content);
      response.writeHead(status, { 'Content-Type': 'application/json', ...more }).end(text);
    });
  };

  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://localhost:${port}`,
    seen,
    answers,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function issue(authorization: string | undefined, body: string): Answer {
  const expected = `Basic ${Buffer.from('admin:demo-password').toString('base64')}`;
  const form = new URLSearchParams(body);
  if (form.get('grant_type') !== 'client_credentials') return { status: 404 };
  if (authorization !== expected) return { status: 401, body: { error: 'invalid_client' } };
  return {
    status: 200,
    body: { access_token: issuedToken, expires_in: 3599, scope: form.get('scope'), token_type: 'bearer' },
  };
}

/** Environment that connects a command line to the server as its administrator. */
export function connected(server: AdminServer): NodeJS.ProcessEnv {
  return { CLUSTER_URL: server.url, CLIENT_ID: 'admin', CLIENT_SECRET: 'demo-password' };
}
