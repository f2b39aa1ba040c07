import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OAuth2Api } from '@ory/hydra-client';
import { afterAll, beforeAll, describe } from 'vitest';
import { hydraSdk } from '../hydra-sdk.js';
import { CLI } from '../product.js';
import { run } from '../program.js';
import { type RelyingParty, startRelyingParty } from '../relying-party.js';
import { describeLogoutModules } from './logout-modules.js';
import { describeSessionModules } from './session-modules.js';
import { app } from './session-player.js';
import { openSuite, type ResponseMode, type Suite } from './suite.js';

let folder: string;
let suite: Suite;
let api: OAuth2Api;
let relyingParty: RelyingParty;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-sessions-'));
  await run(CLI, ['certs', 'dev', folder], { env: { HOME: folder } });
  relyingParty = await startRelyingParty(folder);
  suite = await openSuite({
    LOGIN_URL: app.login,
    CONSENT_URL: app.consent,
    LOGOUT_URL: app.logout,
    OUTBOUND_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
    OUTBOUND_ALLOWED_PORTS: String(relyingParty.port),
    NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
  });
  api = await hydraSdk(suite.product);
}, 120_000);
afterAll(async () => {
  await suite?.close();
  await relyingParty?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every response type of the plans; how the answer travels matters to sessions no more than once per plan. */
const variants: Readonly<Record<string, readonly (readonly [responseType: string, responseMode: ResponseMode])[]>> = {
  basic: [
    ['code', 'default'],
    ['code', 'form_post'],
  ],
  hybrid: [
    ['code id_token', 'default'],
    ['code token', 'default'],
    ['code id_token token', 'default'],
    ['code id_token token', 'form_post'],
  ],
  implicit: [
    ['id_token', 'default'],
    ['id_token token', 'default'],
    ['id_token token', 'form_post'],
  ],
};

describe.each(Object.entries(variants))('modules that log in twice, of the %s plans', (_, rows) => {
  describe.each(rows)('%s by %s', (responseType, responseMode) => {
    describeSessionModules({ responseType, responseMode, suite: () => suite, api: () => api });
  });
});

describe('modules of the logout plans', () => {
  describeLogoutModules({ suite: () => suite, api: () => api, relyingParty: () => relyingParty });
});
