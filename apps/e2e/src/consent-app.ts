import path from 'node:path';
import { start } from './program.js';
import type { Product } from './product.js';

/** A running consent app. */
export type ConsentApp = { readonly url: string; close(): Promise<unknown> };

/** Starts our consent app as a program of its own, with the variables of the guide (S53). */
export async function startOurConsentApp(
  product: Product,
  options: { readonly port: number; readonly host: string; readonly client: readonly [string, string] },
): Promise<ConsentApp> {
  const elsewhere = (url: string): string => url.replace('localhost', options.host);
  const app = start('apps/consent/dist/main.js', [], {
    HOME: '/nonexistent',
    PORT: String(options.port),
    HYDRA_URL: elsewhere(product.publicUrl),
    HYDRA_ADMIN_URL: elsewhere(product.adminUrl),
    HYDRA_CLIENT_ID: options.client[0],
    HYDRA_CLIENT_SECRET: options.client[1],
    ...(product.mode !== 'host'
      ? { HYDRA_CA_FILE: path.join(product.certificates, 'ca.pem') }
      : { NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
  });
  await app.until(/listening|Listening|http:\/\//);
  return { url: `http://localhost:${options.port}`, close: () => app.stop() };
}
