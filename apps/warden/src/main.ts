import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readWardenConfig } from './warden.config.js';
import { WardenModule } from './warden.module.js';

await startService({ name: 'warden', module: (env) => WardenModule.forRoot(readWardenConfig(env)) });
