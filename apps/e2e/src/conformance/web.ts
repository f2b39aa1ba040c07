import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A web server of the suite on loopback: documents by path, and how often each was asked for. */
export type SuiteWeb = {
  readonly origin: string;
  readonly documents: Map<string, { readonly type: string; body: string }>;
  readonly asked: Map<string, number>;
  close(): void;
};

/** Starts the web server under a certificate that the product is told to trust. `folder` holds the certificate. */
export async function startWeb(folder: string): Promise<SuiteWeb> {
  const documents: SuiteWeb['documents'] = new Map();
  const asked = new Map<string, number>();
  const read = (name: string) => readFileSync(path.join(folder, name));
  const server = createServer({ cert: read('https.pem'), key: read('https-key.pem') }, (request, response) => {
    const name = (request.url ?? '').split('?', 1)[0] ?? '';
    asked.set(name, (asked.get(name) ?? 0) + 1);
    const document = documents.get(name);
    if (document === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': document.type }).end(document.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { origin: `https://localhost:${port}`, documents, asked, close: () => server.close() };
}
