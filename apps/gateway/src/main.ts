import { startHttpService } from '@castellan/service';

import { readGatewayConfig } from './gateway.config.js';
import { GatewayModule } from './gateway.module.js';

await startHttpService({
  name: 'gateway',
  http: { defaultPort: 4444 },
  module: (env) => GatewayModule.forRoot(readGatewayConfig(env)),
});
