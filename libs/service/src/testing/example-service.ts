import { Controller, Get, Module } from '@nestjs/common';
import { z } from 'zod';
import { READINESS, ConfigError, startHttpService, startService } from '../index.js';
import { keysModule } from './signing-service.js';

// A process for the test of start and shutdown: `node example-service.js grpc|http [flags]`.
@Controller()
class SlowController {
  @Get('slow')
  async slow(): Promise<object> {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { done: true };
  }
}

@Module({
  controllers: [SlowController],
  providers: [{ provide: READINESS, useValue: [{ name: 'nothing', check: async () => undefined }] }],
})
class HttpModule {}

const variables = { EXAMPLE: z.string().optional() };

function readNothing(env: NodeJS.ProcessEnv): void {
  if (env['EXAMPLE'] === 'broken') throw new ConfigError('EXAMPLE: must not be broken');
  if (env['EXAMPLE'] === 'failing') throw new Error('the database\n  is away');
}

if (process.argv[2] === 'http') {
  await startHttpService({
    name: 'gateway',
    variables,
    flags: process.argv.slice(3),
    http: { defaultPort: 0 },
    module: (env) => (readNothing(env), HttpModule),
  });
} else {
  await startService({
    name: 'keys',
    variables,
    flags: process.argv.slice(3),
    module: (env) => (readNothing(env), keysModule()),
  });
}
