import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Readiness } from '@castellan/service';
import type { FastifyReply } from 'fastify';

import { send } from './answer.js';

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

/** Health of this process. `/health` has the body of the original, the two bytes `ok`. */
@Controller('health')
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  @Get()
  health(@Res() reply: FastifyReply): void {
    send(reply, { status: 200, headers: HEADERS, body: 'ok' });
  }

  /** Whether the process runs. */
  @Get('alive')
  alive(@Res() reply: FastifyReply): void {
    send(reply, { status: 200, headers: HEADERS, body: 'ok' });
  }

  /** Whether it can serve: what it depends on is there. */
  @Get('ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { ready } = await this.readiness.report();
    send(reply, { status: ready ? 200 : 503, headers: HEADERS, body: ready ? 'ok' : 'not ready' });
  }
}
