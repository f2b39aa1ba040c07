import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readTokenConfig } from './token.config.js';
import { TokenModule } from './token.module.js';

await startService({ name: 'token', module: (env) => TokenModule.forRoot(readTokenConfig(env)) });
