import tls from 'node:tls';
import { expect } from 'vitest';
import type { ConsentApp } from '../consent-app.js';
import { type Answer, send } from '../http.js';
import { freePorts } from '../ports.js';
import {
  type CommandLine,
  connectedCommandLine,
  makeDatabase,
  migrateSql,
  type Mode,
  type Product,
  type ProductDatabase,
  ROOT,
  startProduct,
} from '../product.js';

/** A token response. */
export type Tokens = {
  access_token: string;
  refresh_token?: string;
  id_token?: string;
  scope: string;
  expires_in: number;
};

/** The switch that every network command of the guide carries. */
export const skipTlsVerify = ['--skip-tls-verify'];

/** The authorization request of the guide's consumer, without a scope. */
export const consumer = {
  client_id: 'some-consumer',
  redirect_uri: 'http://localhost:9010/callback',
  response_type: 'code',
  state: 'state-of-the-consumer',
  nonce: 'nonce-of-the-consumer',
};

/** Where the tutorial is played: one product on one database, a connected command line, and later a consent app. */
export class Stage {
  readonly startedAt = performance.now();
  declare database: ProductDatabase;
  declare product: Product;
  declare cli: CommandLine;
  declare migrated: { readonly first: string; readonly second: string };
  consent: ConsentApp | undefined;
  consentPort = 0;

  constructor(readonly mode: Mode) {}

  /** Migrates an empty database, after seeing that nothing serves before (S22), and starts the product on it. */
  async build(): Promise<void> {
    const { mode } = this;
    this.database = await makeDatabase();
    const databaseUrl = this.database.url;
    // One of each service is enough to see that none of them serves.
    const unmigrated = await startProduct({ mode: mode === 'replicas' ? 'services' : mode, databaseUrl }).then(
      () => 'started',
      (cause: unknown) => String(cause),
    );
    expect(unmigrated, 'S22: serving before migrating fails with the command to run').toContain(
      'castellan migrate sql',
    );
    const first = await migrateSql(databaseUrl);
    const second = await migrateSql(databaseUrl);
    expect([first.code, second.code]).toEqual([0, 0]);
    this.migrated = { first: first.stdout, second: second.stdout };
    [this.consentPort = 0] = await freePorts(1);
    this.product = await startProduct({
      mode,
      databaseUrl,
      consentUrl: `http://localhost:${this.consentPort}/consent`,
    });
    this.cli = await connectedCommandLine(this.product);
  }

  async strike(): Promise<void> {
    await this.consent?.close();
    this.cli?.remove();
    await this.product?.stop();
    await this.database?.drop();
  }

  tokenRequest(form: Readonly<Record<string, string>>, basic: readonly [string, string]): Promise<Answer> {
    return send(`${this.product.publicUrl}/oauth2/token`, { form, basic });
  }

  authorizationUrl(parameters: Readonly<Record<string, string>>): string {
    return `${this.product.publicUrl}/oauth2/auth?${new URLSearchParams(parameters)}`;
  }

  async introspect(token: string): Promise<Record<string, unknown>> {
    const answer = await send(`${this.product.publicUrl}/oauth2/introspect`, { form: { token }, basic: ROOT });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.text) as Record<string, unknown>;
  }

  /** Redeems the code that came to the callback, as the guide's consumer. */
  async redeem(callback: URL): Promise<Tokens> {
    const answer = await this.tokenRequest(
      {
        grant_type: 'authorization_code',
        code: callback.searchParams.get('code') ?? '',
        redirect_uri: `${callback.origin}${callback.pathname}`,
      },
      [consumer.client_id, 'consumer-secret'],
    );
    expect(answer.status, answer.text).toBe(200);
    return JSON.parse(answer.text) as Tokens;
  }

  /** A public document, as JSON. */
  async read(route: string): Promise<unknown> {
    return JSON.parse((await send(`${this.product.publicUrl}${route}`)).text) as unknown;
  }

  /** SHA-256 fingerprint of the certificate that the public endpoints show. */
  fingerprint(): Promise<string> {
    const { port } = new URL(this.product.publicUrl);
    return new Promise((resolve, reject) => {
      const socket = tls.connect({ host: 'localhost', port: Number(port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }
}
