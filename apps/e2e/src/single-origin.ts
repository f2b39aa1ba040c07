import http from 'node:http';
import https from 'node:https';
import type { Product } from './product.js';

/** Paths that the admin API answers when it has an origin of its own. */
const adminPaths = /^\/(clients|initial-access-tokens|keys|policies|warden)(\/|\?|$)/;

/**
 * One origin in front of separate services, as an ingress makes it: clients of 2017 know one URL for everything.
 * Forwards bytes by path and adds nothing.
 */
export async function startSingleOrigin(product: Product, port: number): Promise<{ url: string; close(): void }> {
  const server = http.createServer((incoming, outgoing) => {
    const origin = adminPaths.test(incoming.url ?? '') ? product.adminUrl : product.publicUrl;
    const forwarded = https.request(
      new URL(incoming.url ?? '/', origin),
      {
        method: incoming.method,
        headers: { ...incoming.headers, host: new URL(origin).host },
        rejectUnauthorized: false,
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
