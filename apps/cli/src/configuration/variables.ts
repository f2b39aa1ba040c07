import { adminVariables } from '@castellan/admin';
import { consentVariables } from '@castellan/consent';
import { gatewayVariables } from '@castellan/gateway';
import { keysVariables } from '@castellan/keys';
import { databaseVariables, httpServiceVariables, serviceVariables, type Variables } from '@castellan/service';
import { tokenVariables } from '@castellan/token';
import { wardenVariables } from '@castellan/warden';
import { z } from 'zod';

/** A program of the product: what an image or a command runs. */
export type ProgramName = 'gateway' | 'admin' | 'token' | 'warden' | 'keys' | 'host' | 'migrate' | 'consent';

export type { Variables };

const databases = {
  DATABASE_URL: z.string().optional(),
  TOKEN_DATABASE_URL: z.string().optional(),
  WARDEN_DATABASE_URL: z.string().optional(),
  KEYS_DATABASE_URL: z.string().optional(),
};

function without(variables: Variables, ...names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name)));
}

/** What `castellan host` reads beside the variables of the services. */
const host = {
  ...databases,
  ...gatewayVariables.shape,
  ...adminVariables.shape,
  ...keysVariables.shape,
  // `host` derives the secrets of the services from SYSTEM_SECRET.
  ...without(tokenVariables.shape, 'TOKEN_SECRET'),
  ...without(wardenVariables.shape, 'WARDEN_SECRET'),
  CASTELLAN_DATA: z.string().optional(),
};

/** The variables that each program reads: those of the schemas that it checks them with at its start. */
export const programVariables: Readonly<Record<ProgramName, Variables>> = {
  gateway: httpServiceVariables(gatewayVariables.shape, { defaultPort: 4444 }),
  admin: httpServiceVariables(adminVariables.shape, { defaultPort: 4446, portVariable: 'ADMIN_PORT' }),
  token: serviceVariables(tokenVariables.shape),
  warden: serviceVariables(wardenVariables.shape),
  keys: serviceVariables(keysVariables.shape),
  host: httpServiceVariables(host, { defaultPort: 4444 }),
  migrate: databaseVariables({ ...databases, CASTELLAN_DATA: z.string().optional() }),
  consent: consentVariables.shape,
};

/** Every name that some program of the product knows. */
export const everyVariable: ReadonlySet<string> = new Set(Object.values(programVariables).flatMap(Object.keys));
