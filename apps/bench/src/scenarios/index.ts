import type { Scenario } from '../scenario.js';
import { authorizationCode } from './authorization-code.js';
import { clientCredentials } from './client-credentials.js';
import { decisions } from './decisions.js';
import { documents } from './documents.js';
import { introspection } from './introspection.js';
import { overload } from './overload.js';
import { refresh } from './refresh.js';
import { startUp } from './start-up.js';
import { wardenGrpc } from './warden-grpc.js';
import { wardenHttp } from './warden-http.js';

/** Every scenario, in the order in which a run does them. */
export const scenarios: readonly Scenario[] = [
  clientCredentials,
  introspection,
  authorizationCode,
  refresh,
  documents,
  wardenHttp,
  wardenGrpc,
  decisions,
  startUp,
  overload,
];
