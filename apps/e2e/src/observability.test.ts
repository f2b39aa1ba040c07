import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { send } from './http.js';
import {
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  ROOT,
  rootToken,
  startProduct,
} from './product.js';
import { workspace } from './program.js';

type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
};

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

/** A collector that keeps what it is sent. */
async function startCollector(): Promise<{ url: string; spans: Span[]; server: Server }> {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      type Resource = {
        resource: { attributes: { value: { stringValue: string } }[] };
        scopeSpans: { spans: Omit<Span, 'service'>[] }[];
      };
      for (const { resource, scopeSpans } of (JSON.parse(text) as { resourceSpans: Resource[] }).resourceSpans) {
        const service = resource.attributes[0]?.value.stringValue ?? '';
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ ...span, service });
      }
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, server };
}

describe('an operator sees', () => {
  let database: ProductDatabase;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let product: Product;

  beforeAll(async () => {
    [database, collector] = [await makeDatabase(), await startCollector()];
    await migrateSql(database.url);
    product = await startProduct({
      mode: 'services',
      databaseUrl: database.url,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_FORMAT: 'json' },
    });
  }, 120_000);

  afterAll(async () => {
    await product?.stop();
    collector?.server.close();
    await database?.drop();
  });

  async function metricsOfAllServices(): Promise<string> {
    const ports = [...product.log().matchAll(/Setting up operations server on :(\d+)/g)].map(([, port]) => port);
    expect(ports).toHaveLength(5);
    const texts = await Promise.all(
      ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    );
    return texts.join('\n');
  }

  it('one request as one trace through HTTP, gRPC and SQL, and its ids in the logs', async () => {
    const answer = await send(`${product.publicUrl}/oauth2/token`, {
      form: { grant_type: 'client_credentials', scope: 'hydra' },
      basic: ROOT,
      headers: { traceparent: `00-${TRACE}-${PARENT}-01`, 'x-request-id': 'seen-by-the-operator' },
    });
    expect(answer.status, answer.text).toBe(200);
    await vi.waitUntil(
      () => collector.spans.some(({ traceId, service }) => traceId === TRACE && service === 'castellan-gateway'),
      { timeout: 60_000 },
    );
    await vi.waitUntil(
      () => collector.spans.some(({ traceId, service }) => traceId === TRACE && service === 'castellan-token'),
      { timeout: 60_000 },
    );

    const spans = collector.spans.filter(({ traceId }) => traceId === TRACE);
    const http = spans.find(({ name }) => name === 'POST /oauth2/token');
    expect(http).toMatchObject({ service: 'castellan-gateway', parentSpanId: PARENT });
    const rpc = spans.find(({ name }) => name === 'castellan.token.v1.Tokens/IssueToken');
    expect(rpc).toMatchObject({ service: 'castellan-token', parentSpanId: http?.spanId });
    const sql = spans.filter(({ parentSpanId }) => parentSpanId === rpc?.spanId);
    expect(sql.map(({ service }) => service)).toContain('castellan-token');

    const lines = product
      .log()
      .split('\n')
      .filter((line) => line.includes('seen-by-the-operator'));
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ path: '/oauth2/token', request_id: 'seen-by-the-operator', trace_id: TRACE }),
    );
  });

  it('no secret, token or code in any log or trace', async () => {
    const token = await rootToken(product);
    await send(`${product.publicUrl}/oauth2/introspect`, { form: { token }, basic: ROOT });
    await send(`${product.publicUrl}/oauth2/auth?client_id=none&code=abc&state=hunter2-state`);
    await send(`${product.adminUrl}/clients`, { bearer: token });
    await send(`${product.adminUrl}/clients`, { bearer: `${token}x` });
    const seen = `${product.log()}\n${JSON.stringify(collector.spans)}`;
    for (const secret of [token, token.split('.')[1] ?? '', ROOT[1], 'hunter2-state', database.url])
      expect(seen.includes(secret), secret.slice(0, 6)).toBe(false);
  });

  it('every metric that the dashboard and the alert rules name', async () => {
    // A client whose secret the server made: its verifier hangs on the token secret.
    const made = await send(`${product.adminUrl}/clients`, {
      bearer: await rootToken(product),
      json: { id: 'generated', grant_types: ['client_credentials'] },
    });
    expect(made.status).toBe(201);
    const exported = await metricsOfAllServices();
    const files = ['alerts.yaml', 'dashboard.json'].map((name) =>
      readFileSync(path.join(workspace, 'deploy/grafana', name), 'utf8'),
    );
    const named = new Set(files.join('\n').match(/\b(?:castellan|nodejs|process)_[a-z0-9_]+\b/g));
    expect(named.size).toBeGreaterThan(15);
    // A counter without a label is there from the start; one with labels is declared until its first event.
    const missing = [...named].filter((name) => !exported.includes(`# TYPE ${name.replace(/_bucket$/, '')} `));
    expect(missing).toEqual([]);
    for (const reading of [
      /^castellan_ready 1$/m,
      /^castellan_http_requests_total\{method="POST",route="\/oauth2\/token",status="200"\} [1-9]/m,
      /^castellan_rpc_requests_total\{rpc="castellan\.token\.v1\.Tokens\/IssueToken",code="OK"\} [1-9]/m,
      /^castellan_database_pool_connections\{component="warden",state="idle"\} \d/m,
      /^castellan_partitions\{table="[a-z_]+"\} [1-9]/m,
      /^castellan_oldest_dead_row_seconds\{table="[a-z_]+"\} 0$/m,
      /^castellan_signing_key_age_seconds\{set="hydra.openid.id-token"\} \d/m,
      /^castellan_batch_items_count [1-9]/m,
      /^castellan_batch_failures_total 0$/m,
      /^castellan_reuse_detected_total\{kind="refresh_token"\} 0$/m,
      /^castellan_clock_skew_seconds\{component="token"\} -?\d/m,
      /^castellan_clock_skew_seconds\{component="warden"\} -?\d/m,
      /^castellan_clock_skew_seconds\{component="keys"\} -?\d/m,
      /^castellan_invalid_policies 0$/m,
      // That client, by the key ID of the secret.
      /^castellan_token_secret_rows\{table="client",secret="[0-9a-f]{8}"\} [1-9]/m,
    ])
      expect(exported).toMatch(reading);
  });

  it('a section of the runbook for every alert', () => {
    const alerts = [
      ...readFileSync(path.join(workspace, 'deploy/grafana/alerts.yaml'), 'utf8').matchAll(/- alert: (\w+)/g),
    ];
    const runbook = readFileSync(path.join(workspace, 'docs/guides/operations.md'), 'utf8');
    expect(alerts.length).toBeGreaterThan(10);
    for (const [, name] of alerts) expect(runbook).toContain(`### ${name}\n`);
  });
});
