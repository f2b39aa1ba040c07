import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readKeysConfig, keysVariables } from './keys.config.js';
import { KeysModule } from './keys.module.js';

await startService({
  name: 'keys',
  variables: keysVariables.shape,
  module: (env) => KeysModule.forRoot(readKeysConfig(env)),
});
