import { parseRootCredentials, type RootCredentials } from '@castellan/admin';
import { readEnvironment, runService, type Logger } from '@castellan/service';
import type { CommandCall } from '../command.js';
import { writeCliConfig } from '../config-file.js';
import { everyVariable, programVariables } from '../configuration/variables.js';
import { dataFolder } from '../data-folder.js';
import type { HostFlags } from './host.config.js';
import { runHost, type RunningHost } from './run-host.js';

/** The command `host`: runs until SIGTERM or SIGINT, then exits 0. */
export async function host(call: CommandCall): Promise<void> {
  let generated: RootCredentials | undefined;
  const given = hostEnvironment(call);
  await runService({
    env: given,
    readEnvironment: () => readEnvironment(given, programVariables.host, everyVariable),
    start: async ({ env, logger, metrics }) => {
      noteWithoutEffect(call, env, logger);
      const running = await runHost({
        env,
        flags: hostFlags(call),
        dataFolder: dataFolder(call.terminal),
        logger,
        metrics,
        announceRoot: (id, secret) => {
          generated = { id, secret };
          // On the terminal, once: the log is kept and read by others.
          call.terminal.stdout.write(`client_id: ${id}\nclient_secret: ${secret}\n`);
        },
      });
      if (call.has('dangerous-auto-logon')) await logOn(call, env, running, generated, logger);
      return running;
    },
  });
}

function hostFlags(call: CommandCall): HostFlags {
  return {
    forceHttp: call.has('dangerous-force-http'),
    grpcPlaintext: call.has('dangerous-grpc-plaintext'),
    programName: call.terminal.programName,
  };
}

/** The environment with what the flags say; a flag wins over its variable. */
function hostEnvironment(call: CommandCall): NodeJS.ProcessEnv {
  const configFile = call.text('config-file');
  const [certificate, key] = [call.text('https-tls-cert-path'), call.text('https-tls-key-path')];
  return {
    ...call.terminal.env,
    ...(configFile !== '' ? { CASTELLAN_CONFIG: configFile } : {}),
    ...(certificate !== '' ? { HTTPS_TLS_CERT_PATH: certificate, HTTPS_TLS_CERT: '' } : {}),
    ...(key !== '' ? { HTTPS_TLS_KEY_PATH: key, HTTPS_TLS_KEY: '' } : {}),
  };
}

function noteWithoutEffect(call: CommandCall, env: NodeJS.ProcessEnv, logger: Logger): void {
  if (call.has('disable-telemetry') || env['DISABLE_TELEMETRY']) {
    logger.info('Telemetry is disabled: there is none, with or without --disable-telemetry.');
  }
  if (env['PROFILING']) logger.warn('PROFILING has no effect.');
}

async function logOn(
  call: CommandCall,
  env: NodeJS.ProcessEnv,
  running: RunningHost,
  generated: RootCredentials | undefined,
  logger: Logger,
): Promise<void> {
  const forced = env['FORCE_ROOT_CLIENT_CREDENTIALS'];
  const root = generated ?? (forced ? parseRootCredentials(forced) : undefined);
  if (root === undefined) {
    logger.warn('There is a root client already and its secret is not known: --dangerous-auto-logon writes nothing.');
    return;
  }
  const scheme = running.certificatePem === undefined ? 'http' : 'https';
  const clusterUrl = env['CLUSTER_URL'] || `${scheme}://localhost:${running.port}`;
  logger.warn(`Writing the root credentials to ${call.configPath}. Never do this in production.`);
  await writeCliConfig(call.configPath, {
    clusterUrl,
    adminUrl: clusterUrl,
    clientId: root.id,
    clientSecret: root.secret,
  });
}
