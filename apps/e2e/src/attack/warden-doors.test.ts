import { freePorts } from '../ports.js';
import { useTarget } from './target.js';
import { attackPortForAccessTokens } from './warden-doors/access-tokens.js';
import { attackHttpDoors } from './warden-doors/bodies.js';
import { attackWithBrokenPolicies } from './warden-doors/broken-policies.js';
import { openDoors } from './warden-doors/doors.js';
import { attackEnvoysDoor } from './warden-doors/envoy.js';
import { attackWithTexts } from './warden-doors/texts.js';

const [bearerPort = 0] = await freePorts(1);
const target = useTarget({
  env: { WARDEN_PUBLIC_GRPC_PORT: String(bearerPort) },
  // WP-05 wants an alert.
  provoked: /Stored policies cannot be evaluated/,
});
const doors = openDoors(target, bearerPort);

attackWithBrokenPolicies(doors);
attackWithTexts(doors);
attackHttpDoors(doors);
attackEnvoysDoor(doors);
attackPortForAccessTokens(doors);
