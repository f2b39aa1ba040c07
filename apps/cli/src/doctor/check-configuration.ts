import { readAdminConfig } from '@castellan/admin';
import { readGatewayConfig } from '@castellan/gateway';
import { readKeysConfig } from '@castellan/keys';
import { ConfigError, readHttpConfig, readRpcConfig, requireTransport } from '@castellan/service';
import { readTokenConfig } from '@castellan/token';
import { readWardenConfig } from '@castellan/warden';
import { checkVariables } from '../configuration/effective.js';
import { isEmbedded, readHostConfig, withEmbeddedUrl } from '../host/host.config.js';
import { errorText } from '../terminal.js';
import { type Check, error, type Examination, type Finding, ok, type Patient, warning } from './finding.js';

type Reader = (env: NodeJS.ProcessEnv) => unknown;

/** What each program reads at its start. Each reader complains by itself, so that one run tells everything. */
const readers: Readonly<Record<Patient, readonly Reader[]>> = {
  host: [readHost],
  gateway: [
    (env) => requireTransport(readHttpConfig(env, { defaultPort: 4444 })),
    (env) => readRpcConfig(env, 'gateway'),
    readGatewayConfig,
  ],
  admin: [
    (env) => requireTransport(readHttpConfig(env, { defaultPort: 4446, portVariable: 'ADMIN_PORT' })),
    (env) => readRpcConfig(env, 'admin'),
    readAdminConfig,
  ],
  token: [(env) => readRpcConfig(env, 'token'), readTokenConfig],
  warden: [(env) => readRpcConfig(env, 'warden'), readWardenConfig],
  keys: [(env) => readRpcConfig(env, 'keys'), readKeysConfig],
};

function readHost(env: NodeJS.ProcessEnv): unknown {
  // Any URL that passes: the server that `embedded` stands for is host's own.
  const settled = isEmbedded(env) ? withEmbeddedUrl(env, 'postgres://castellan@localhost/castellan') : env;
  return readHostConfig(settled, { forceHttp: false, grpcPlaintext: false, programName: 'castellan' });
}

/** The settings: each alone by its schema, then all together as the program would read them. */
export const checkConfiguration: Check = async ({ patient, env }) => {
  const single = checkVariables(patient, env).map(({ text }) => text);
  const together = readers[patient].flatMap((read) => problemsOf(() => read(env)));
  const problems = [...new Set([...single, ...together])];
  if (problems.length === 0)
    return [ok('configuration', `${patient} would start with these settings`), ...dangers(env)];
  const advice = `castellan config check ${patient}; docs/guides/configuration.md names every variable`;
  return [...problems.map((problem) => error('configuration', problem, advice)), ...dangers(env)];
};

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (thrown) {
    return thrown instanceof ConfigError ? thrown.problems : [errorText(thrown)];
  }
}

/** What may be right on a laptop and never is in production. */
function dangers(env: Examination['env']): readonly Finding[] {
  const isOn = (name: string): boolean => /^(1|t|true|yes|on)$/i.test(env[name] ?? '');
  return ['DANGEROUS_FORCE_HTTP', 'GRPC_DANGEROUS_PLAINTEXT']
    .filter(isOn)
    .map((name) => warning('configuration', `${name} is on`, 'take it away everywhere but on a machine of one person'));
}
