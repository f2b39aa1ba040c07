import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** What a relying party does with a logout token: takes it, fails, or never answers. */
export type Mood = 'takes' | 'fails' | 'hangs';

/** A relying party on https with pages to be sent to, a frame, and a back-channel logout endpoint. */
export type RelyingParty = {
  readonly url: string;
  readonly port: number;
  /** Logout tokens that came, whatever was answered, with what the request looked like. */
  readonly tokens: { readonly token: string; readonly contentType: string }[];
  /** Paths with query that were fetched. */
  readonly fetched: string[];
  mood: Mood;
  /** Waits until so many logout tokens have come. */
  tokensAre(count: number, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
};

/** Starts a relying party with a development certificate out of a folder, on a free port or the one given. */
export async function startRelyingParty(certificates: string, wantedPort = 0): Promise<RelyingParty> {
  const read = (name: string): Buffer => readFileSync(path.join(certificates, name));
  const tokens: { token: string; contentType: string }[] = [];
  const fetched: string[] = [];

  function answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') {
      fetched.push(request.url ?? '');
      return void response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${party.url}</h1>`);
    }
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const token = new URLSearchParams(body).get('logout_token') ?? '';
      tokens.push({ token, contentType: request.headers['content-type'] ?? '' });
      if (party.mood !== 'hangs') response.writeHead(party.mood === 'takes' ? 200 : 503).end();
    });
  }

  const server = createServer({ cert: read('https.pem'), key: read('https-key.pem') }, answer);
  await new Promise<void>((resolve) => server.listen(wantedPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const party: RelyingParty = {
    url: `https://localhost:${port}`,
    port,
    tokens,
    fetched,
    mood: 'takes',
    async tokensAre(count, timeoutMs = 60_000) {
      for (const deadline = Date.now() + timeoutMs; tokens.length < count;) {
        if (Date.now() > deadline) throw new Error(`${tokens.length} logout tokens came, not ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return party;
}
