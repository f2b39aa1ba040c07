import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readKeysConfig } from './keys.config.js';
import { KeysModule } from './keys.module.js';

await startService({ name: 'keys', module: (env) => KeysModule.forRoot(readKeysConfig(env)) });
