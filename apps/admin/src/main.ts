import { Module } from '@nestjs/common';
import { OpenapiModule, startHttpService } from '@castellan/service';

import { adminVariables, readAdminConfig } from './admin.config.js';
import { AdminModule } from './admin.module.js';
import { AdminHealthModule } from './health.http.js';
import { adminApi } from './openapi/admin-api.js';

@Module({})
class AdminServiceModule {}

/** To standard output, which is the operator's; the log goes to standard error. */
function announce(id: string, secret: string): void {
  process.stdout.write(`client_id: ${id}\nclient_secret: ${secret}\n`);
}

await startHttpService({
  name: 'admin',
  variables: adminVariables.shape,
  http: { defaultPort: 4446, portVariable: 'ADMIN_PORT' },
  module: (env) => ({
    module: AdminServiceModule,
    imports: [
      AdminModule.forRoot(readAdminConfig(env), { announce }),
      AdminHealthModule,
      OpenapiModule.forRoot(adminApi),
    ],
  }),
});
