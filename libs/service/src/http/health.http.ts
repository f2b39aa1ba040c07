import { readFileSync } from 'node:fs';

import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

import { Readiness } from '../readiness.js';

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** The version of the product: every package of it has the same. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Health and version of an HTTP service, for anybody. They name no client, no address and no cause. */
@Controller()
export class HealthController {
  constructor(@Inject(Readiness) private readonly readiness: Readiness) {}

  /** The body of the original, the two bytes `ok`. */
  @Get('health')
  health(@Res() reply: FastifyReply): void {
    void reply.headers(TEXT).send('ok');
  }

  /** Whether the process runs. */
  @Get('health/alive')
  alive(@Res() reply: FastifyReply): void {
    sendJson(reply, 200, { status: 'ok' });
  }

  /** Whether it can serve: what it depends on is there. */
  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { ready, failing } = await this.readiness.report();
    if (ready) return sendJson(reply, 200, { status: 'ok' });
    sendJson(reply, 503, { errors: Object.fromEntries(failing.map((name) => [name, 'not ready'])) });
  }

  @Get('version')
  version(@Res() reply: FastifyReply): void {
    sendJson(reply, 200, { version });
  }
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  void reply
    .status(status)
    .headers(JSON_HEADERS)
    .send(Buffer.from(JSON.stringify(body)));
}
