import { startHttpService } from '@castellan/service';

import { gatewayVariables, readGatewayConfig } from './gateway.config.js';
import { GatewayModule } from './gateway.module.js';

await startHttpService({
  name: 'gateway',
  variables: gatewayVariables.shape,
  http: { defaultPort: 4444 },
  module: (env) => GatewayModule.forRoot(readGatewayConfig(env)),
});
