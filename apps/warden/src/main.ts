import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readWardenConfig, wardenVariables } from './warden.config.js';
import { WardenModule } from './warden.module.js';

await startService({
  name: 'warden',
  variables: wardenVariables.shape,
  module: (env) => WardenModule.forRoot(readWardenConfig(env)),
});
