import { freePorts } from '../machine/ports.js';
import { start } from '../machine/program.js';
import { adapterTable } from '../peers/postgres-adapter.js';
import { execute } from './cluster.js';
import { untilAnswers } from './http.js';

/** A running oidc-provider. */
export type OidcProvider = {
  readonly url: string;
  readonly pid: number;
  /** What it wrote. */
  output(): string;
  stop(): Promise<void>;
};

/** Starts oidc-provider with its objects in a database, or in memory when there is none. */
export async function startOidcProvider(
  databaseUrl: string | undefined,
  cores: string | undefined,
): Promise<OidcProvider> {
  const [port = 0] = await freePorts(1);
  const running = start('apps/bench/dist/peers/oidc-provider-program.js', {
    env: { PORT: String(port), ...(databaseUrl !== undefined ? { DATABASE_URL: databaseUrl } : {}) },
    cores,
  });
  const url = `http://localhost:${port}`;
  try {
    await running.until(/^ready$/m);
    await untilAnswers(`${url}/.well-known/openid-configuration`, running.output);
  } catch (cause) {
    await running.stop();
    throw cause;
  }
  return { url, pid: running.pid, output: running.output, stop: () => running.stop() };
}

/**
 * Fills the adapter's table before the server plans its first statement: a statement that is prepared against an empty
 * table keeps reading the whole of it.
 */
export async function seedOidcProvider(databaseUrl: string, rows: number): Promise<void> {
  await execute(databaseUrl, adapterTable);
  await execute(
    databaseUrl,
    `INSERT INTO oidc (model, id, payload, grant_id, uid, expires_at)
     SELECT (ARRAY['ClientCredentials', 'AccessToken', 'RefreshToken', 'Session'])[1 + n % 4],
            replace(gen_random_uuid()::text, '-', '') || n,
            jsonb_build_object('kind', 'seed', 'clientId', 'bench-client', 'jti', n, 'iat', 1, 'exp', 2000000000),
            CASE WHEN n % 4 IN (1, 2) THEN 'grant-' || n / 4 END,
            CASE WHEN n % 4 = 3 THEN 'session-' || n END,
            now() + interval '1 day'
       FROM generate_series(1, ${rows}) AS n`,
  );
  await execute(databaseUrl, 'VACUUM ANALYZE oidc');
}
