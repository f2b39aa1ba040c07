/** How the server's certificate is judged. */
type TlsOptions = { readonly rejectUnauthorized: boolean; readonly checkServerIdentity?: () => undefined };

/** The parts of a PostgreSQL connection, as TypeORM and the driver take them. */
export type ConnectionOptions = {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl?: boolean | TlsOptions;
};

/** The original's pool parameters, which a server of today does not know. */
const POOL_PARAMETERS = ['max_conns', 'max_idle_conns', 'max_conn_lifetime'];

/**
 * Reads a DATABASE_URL of the form `postgres://user:password@host:port/database?sslmode=...`. `?host=/folder` names a
 * Unix socket. Throws an Error with one clear line on anything else; the line never contains the password.
 */
export function connectionOptions(url: string): ConnectionOptions {
  const refused = refusedDatabaseUrl(url);
  if (refused !== undefined) throw new Error(refused);
  const parsed = new URL(url);
  const socket = parsed.searchParams.get('host');
  const mode = parsed.searchParams.get('sslmode');
  return {
    host: socket ?? decodeURIComponent(parsed.hostname || 'localhost').replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    ...(parsed.username !== '' ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(parsed.password !== '' ? { password: decodeURIComponent(parsed.password) } : {}),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ...sslOptions(mode),
  };
}

/** Why a DATABASE_URL cannot be used, in one line; undefined when it can. */
export function refusedDatabaseUrl(url: string): string | undefined {
  const scheme = url.includes(':') ? url.slice(0, url.indexOf(':')) : url;
  if (scheme === 'memory' || scheme === 'mysql')
    return `DATABASE_URL "${scheme}" is not supported: use postgres://... or "embedded", a PostgreSQL that castellan starts itself`;
  if (scheme !== 'postgres' && scheme !== 'postgresql')
    return `Unknown scheme in DATABASE_URL: use postgres://user:password@host:5432/database or "embedded"`;
  try {
    const parsed = new URL(url);
    if (parsed.pathname.length < 2)
      return 'DATABASE_URL names no database: postgres://user:password@host:5432/database';
    const mode = parsed.searchParams.get('sslmode');
    if (mode !== null && !Object.hasOwn(sslModes, mode)) return `Unknown sslmode in DATABASE_URL: ${mode}`;
    const unknown = [...parsed.searchParams.keys()].find(
      (name) => !['host', 'sslmode', 'sslrootcert', 'connect_timeout', ...POOL_PARAMETERS].includes(name),
    );
    if (unknown !== undefined) return `Unknown parameter in DATABASE_URL: ${unknown}`;
    return undefined;
  } catch {
    return 'DATABASE_URL is not a URL: postgres://user:password@host:5432/database';
  }
}

/** Whether the connection leaves the machine without TLS, which production refuses (rulings 3). */
export function isPlaintextRemote(url: string): boolean {
  const options = connectionOptions(url);
  const { host } = options;
  const local = host.startsWith('/') || host === 'localhost' || host === '::1' || host.startsWith('127.');
  return !local && (options.ssl === undefined || options.ssl === false);
}

/** libpq's modes: `require` encrypts without judging the certificate, `verify-*` judges it. */
const sslModes: Readonly<Record<string, boolean | TlsOptions>> = {
  disable: false,
  allow: false,
  prefer: false,
  require: { rejectUnauthorized: false },
  'verify-ca': { rejectUnauthorized: true, checkServerIdentity: () => undefined },
  'verify-full': { rejectUnauthorized: true },
};

function sslOptions(mode: string | null): Pick<ConnectionOptions, 'ssl'> {
  const ssl = mode === null ? undefined : sslModes[mode];
  return ssl === undefined ? {} : { ssl };
}
