import type { Scenario } from '../scenario.js';
import { authorizationCode } from './authorization-code.js';
import { clientCredentials } from './client-credentials.js';
import { connectionCounts } from './connections.js';
import { decisionCache } from './decision-cache.js';
import { decisions } from './decisions.js';
import { documents } from './documents.js';
import { growth } from './growth.js';
import { introspection } from './introspection.js';
import { jwtAccessTokens } from './jwt-access-tokens.js';
import { policyChange } from './policy-change.js';
import { policyIndex } from './policy-index.js';
import { openFga } from './openfga.js';
import { overload } from './overload.js';
import { refresh } from './refresh.js';
import { replicas } from './replicas.js';
import { signing } from './signing.js';
import { startUp } from './start-up.js';
import { steps } from './steps.js';
import { adminWork } from './admin.js';
import { wardenGrpc } from './warden-grpc.js';
import { wardenHttp } from './warden-http.js';

/** Every scenario, in the order in which a run does them. */
export const scenarios: readonly Scenario[] = [
  clientCredentials,
  jwtAccessTokens,
  introspection,
  authorizationCode,
  refresh,
  documents,
  wardenHttp,
  openFga,
  wardenGrpc,
  decisions,
  policyIndex,
  policyChange,
  decisionCache,
  adminWork,
  startUp,
  signing,
  steps,
  replicas,
  connectionCounts,
  growth,
  overload,
];
