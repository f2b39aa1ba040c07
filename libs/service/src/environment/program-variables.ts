import { z } from 'zod';
import { admissionVariables } from '../admission/admission.config.js';
import { portSchema } from '../config.js';
import { corsVariables } from '../http/cors.js';
import { httpVariables } from '../http/http.config.js';
import { loggerVariables } from '../logger.config.js';
import { operationsVariables } from '../operations.config.js';
import { rpcVariables } from '../rpc/rpc.config.js';
import { FILE_VARIABLES } from '../secret-files.js';
import { tracingVariables } from '../tracing/tracing.config.js';

/** Names and schemas of environment variables. */
export type Variables = Readonly<Record<string, z.ZodType>>;

/** Where the configuration file is, and which names that look like ours are somebody else's. */
export const environmentVariables = z.object({
  CASTELLAN_CONFIG: z.string().optional(),
  CASTELLAN_FOREIGN_VARIABLES: z.string().optional(),
});

/** With the names of the files that secrets may stand in. */
function withFiles(variables: Variables): Variables {
  const files = FILE_VARIABLES.filter((name) => name in variables).map((name) => [
    `${name}_FILE`,
    z.string().optional(),
  ]);
  return { ...variables, ...(Object.fromEntries(files) as Variables) };
}

/** All variables of a command that only goes to databases: `own`, and where they may stand. */
export function databaseVariables(own: Variables): Variables {
  return withFiles({ ...environmentVariables.shape, ...own });
}

/** All variables of a process that runs with this kit, beside its own. */
export function processVariables(own: Variables): Variables {
  return withFiles({
    ...environmentVariables.shape,
    ...loggerVariables.shape,
    ...operationsVariables.shape,
    ...admissionVariables.shape,
    ...tracingVariables.shape,
    ...own,
  });
}

/** All variables of a service that speaks gRPC, beside its own. */
export function serviceVariables(own: Variables): Variables {
  return processVariables({ ...rpcVariables.shape, ...own });
}

/** All variables of a service with an HTTP edge, beside its own. */
export function httpServiceVariables(
  own: Variables,
  http: { readonly defaultPort: number; readonly portVariable?: string },
): Variables {
  return serviceVariables({
    [http.portVariable ?? 'PORT']: portSchema.default(http.defaultPort),
    HOST: z.string().optional(),
    ...httpVariables.shape,
    ...corsVariables.shape,
    ...own,
  });
}
