import type { CommandRow } from '../command.js';
import { certsRows } from './certs.js';
import { clientsRows } from './clients.js';
import { configRows } from './config.js';
import { connectRow } from './connect.js';
import { consentsRows } from './consents.js';
import { doctorRow } from './doctor.js';
import { groupsRows } from './groups.js';
import { helpRow } from './help.js';
import { hostRow } from './host.js';
import { keysRows } from './keys.js';
import { loginSessionsRows } from './login-sessions.js';
import { logoutRows } from './logout.js';
import { migrateRows } from './migrate.js';
import { openapiRow } from './openapi.js';
import { policiesRows } from './policies.js';
import { policyLifeRows } from './policy-life.js';
import { policyListsRows } from './policy-lists.js';
import { resourceServersRows } from './resource-servers.js';
import { secretsRows } from './secrets.js';
import { startRow } from './start.js';
import { completionRow } from './completion.js';
import { introspectRows } from './introspect.js';
import { inOtherWords } from './other-words.js';
import { performRows } from './perform.js';
import { revokeRows } from './revoke.js';
import { tokenUserRow } from './token-user.js';
import { tokenRows } from './token.js';
import { tourRow } from './tour.js';
import { versionRow } from './version.js';
import { wardenRows } from './warden.js';

/** Every command, groups before their members. */
export const commandTable: readonly CommandRow[] = [
  connectRow,
  startRow,
  tourRow,
  hostRow,
  ...migrateRows,
  ...tokenRows,
  ...performRows,
  ...introspectRows,
  ...revokeRows,
  tokenUserRow,
  ...clientsRows,
  ...resourceServersRows,
  ...policiesRows,
  ...policyListsRows,
  ...policyLifeRows,
  ...groupsRows,
  ...keysRows,
  ...loginSessionsRows,
  ...consentsRows,
  ...logoutRows,
  ...wardenRows,
  ...configRows,
  openapiRow,
  doctorRow,
  ...secretsRows,
  ...certsRows,
  ...inOtherWords([...clientsRows, ...keysRows]),
  completionRow,
  versionRow,
  helpRow,
];
