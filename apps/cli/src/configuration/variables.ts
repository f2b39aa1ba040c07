import { adminVariables } from '@castellan/admin';
import { consentVariables } from '@castellan/consent';
import { gatewayVariables } from '@castellan/gateway';
import { keysVariables } from '@castellan/keys';
import {
  corsVariables,
  FILE_VARIABLES,
  httpVariables,
  loggerVariables,
  operationsVariables,
  portSchema,
  rpcVariables,
  tracingVariables,
} from '@castellan/service';
import { tokenVariables } from '@castellan/token';
import { wardenVariables } from '@castellan/warden';
import { z } from 'zod';

/** A program of the product: what an image or a command runs. */
export type ProgramName = 'gateway' | 'admin' | 'token' | 'warden' | 'keys' | 'host' | 'migrate' | 'consent';

/** Names and schemas of environment variables. */
export type Variables = Readonly<Record<string, z.ZodType>>;

const process = { ...loggerVariables.shape, ...operationsVariables.shape, ...tracingVariables.shape };
const service = { ...process, ...rpcVariables.shape };
const door = { ...service, ...httpVariables.shape, ...corsVariables.shape };
const databases = {
  DATABASE_URL: z.string().optional(),
  TOKEN_DATABASE_URL: z.string().optional(),
  WARDEN_DATABASE_URL: z.string().optional(),
  KEYS_DATABASE_URL: z.string().optional(),
};

function without(variables: Variables, ...names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

/** With the names of the files that secrets may stand in. */
function withFiles(variables: Variables): Variables {
  const files = FILE_VARIABLES.filter((name) => name in variables).map((name) => [
    `${name}_FILE`,
    z.string().optional(),
  ]);
  return { ...variables, ...(Object.fromEntries(files) as Variables) };
}

const declared: Readonly<Record<ProgramName, Variables>> = {
  gateway: { PORT: portSchema.default(4444), HOST: z.string().optional(), ...door, ...gatewayVariables.shape },
  admin: { ADMIN_PORT: portSchema.default(4446), HOST: z.string().optional(), ...door, ...adminVariables.shape },
  token: { ...service, ...tokenVariables.shape },
  warden: { ...service, ...wardenVariables.shape },
  keys: { ...service, ...keysVariables.shape },
  host: {
    PORT: portSchema.default(4444),
    HOST: z.string().optional(),
    ...door,
    ...databases,
    ...gatewayVariables.shape,
    ...adminVariables.shape,
    ...keysVariables.shape,
    // `host` derives the secrets of the services from SYSTEM_SECRET.
    ...without(tokenVariables.shape, 'TOKEN_SECRET'),
    ...without(wardenVariables.shape, 'WARDEN_SECRET'),
    CASTELLAN_DATA: z.string().optional(),
  },
  migrate: { ...databases, CASTELLAN_DATA: z.string().optional() },
  consent: consentVariables.shape,
};

/** The variables that each program reads: those of the schemas that it checks them with at its start. */
export const programVariables = Object.fromEntries(
  Object.entries(declared).map(([program, variables]) => [
    program,
    program === 'consent' ? variables : withFiles(variables),
  ]),
) as Readonly<Record<ProgramName, Variables>>;
