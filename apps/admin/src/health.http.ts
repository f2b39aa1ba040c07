import { Controller, Get, Inject, Module, Res } from '@nestjs/common';
import { Readiness } from '@castellan/service';
import type { FastifyReply } from 'fastify';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

/** Health of an admin API that runs alone; in one process with the gateway these paths are the gateway's. */
@Controller('health')
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get()
  health(@Res() reply: FastifyReply): void {
    void reply.headers(HEADERS).send('ok');
  }

  @Get('alive')
  alive(@Res() reply: FastifyReply): void {
    void reply.headers(HEADERS).send('ok');
  }

  @Get('ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { ready } = await this.readiness.report();
    void reply
      .status(ready ? 200 : 503)
      .headers(HEADERS)
      .send(ready ? 'ok' : 'not ready');
  }
}

/** The health of a separate admin service; `main.ts` alone adds it. */
@Module({ controllers: [HealthController] })
export class AdminHealthModule {}
