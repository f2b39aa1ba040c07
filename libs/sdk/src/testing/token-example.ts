import { createClientCredentials, createWardenClient } from '../index.js';

const { CASTELLAN_URL = 'https://localhost:4444', CLIENT_ID = 'orders', CLIENT_SECRET = '' } = process.env;
const tokens = createClientCredentials({
  tokenUrl: `${CASTELLAN_URL}/oauth2/token`,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: 'hydra.warden',
});

export const warden = createWardenClient({
  target: process.env['WARDEN_PUBLIC_GRPC'] ?? 'warden.example:4454',
  security: { kind: 'token', tokens, ...(process.env['CA'] === undefined ? {} : { ca: process.env['CA'] }) },
  transport: 'stream',
});

export async function mayShip(subject: string, order: string): Promise<boolean> {
  return (await warden.check({ subject, resource: `order:${order}`, action: 'ship' })).allowed;
}
