import 'reflect-metadata';
import { startService } from '@castellan/service';
import { readTokenConfig, tokenVariables } from './token.config.js';
import { TokenModule } from './token.module.js';

await startService({
  name: 'token',
  variables: tokenVariables.shape,
  module: (env) => TokenModule.forRoot(readTokenConfig(env)),
});
