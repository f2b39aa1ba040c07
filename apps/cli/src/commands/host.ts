import { flag, text, type CommandRow } from '../command.js';

export const hostRow: CommandRow = {
  path: 'host',
  summary: 'Run all services in one process on one origin',
  examples: ['host --config-file castellan.yml'],
  details: `Environment variables:
  DATABASE_URL         postgres://user:password@host:5432/database, or embedded for the PostgreSQL that ships with
                       Castellan (data folder: CASTELLAN_DATA). TOKEN_DATABASE_URL, WARDEN_DATABASE_URL and
                       KEYS_DATABASE_URL override it for one component.
  SYSTEM_SECRET        encrypts and signs everything; at least 16 characters, always the same for one database
  FORCE_ROOT_CLIENT_CREDENTIALS
                       id:secret of the client that is made on an empty database
  PORT, HOST           where to listen (default: 4444 on all interfaces)
  ISSUER               public URL (default: https://localhost:<PORT>)
  CONSENT_URL          where users log in and consent
  ACCESS_TOKEN_LIFESPAN, ID_TOKEN_LIFESPAN, AUTH_CODE_LIFESPAN, CHALLENGE_TOKEN_LIFESPAN
                       durations such as 1h30m
  HTTPS_TLS_CERT_PATH, HTTPS_TLS_KEY_PATH, HTTPS_TLS_CERT, HTTPS_TLS_KEY
                       certificate and key as PEM files or PEM texts (default: a self-signed one from the key store)
  HTTPS_ALLOW_TERMINATION_FROM
                       networks whose proxies end TLS, such as 10.0.0.0/8,127.0.0.1/32
  GRPC_TLS_CERT_PATH, GRPC_TLS_KEY_PATH, GRPC_TLS_CA_PATH, GRPC_PORT
                       open the Warden's gRPC door (port 4452) with mutual TLS
  OPS_PORT, OPS_HOST   serve health and metrics on a port of their own
  REDIS_URL            share cached decisions
  LOG_LEVEL, LOG_FORMAT
                       panic, fatal, error, warn, info, debug; text, json`,
  flags: [
    flag('--dangerous-force-http', 'serve plain HTTP; never do this in production'),
    flag('--dangerous-auto-logon', 'write the cluster URL and the root credentials to the configuration file'),
    flag('--dangerous-grpc-plaintext', "open the Warden's gRPC door without TLS, on loopback only"),
    text('--config-file <path>', 'YAML file of these variables (environment: CASTELLAN_CONFIG)', ''),
    text('--https-tls-cert-path <path>', 'certificate (PEM) for HTTPS'),
    text('--https-tls-key-path <path>', 'private key (PEM) for HTTPS'),
    flag('--disable-telemetry', 'has no effect: there is no telemetry'),
  ],
  run: async (call) => {
    const { host } = await import('../host/host.js');
    await host(call);
  },
};
