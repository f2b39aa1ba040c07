import { randomUUID } from 'node:crypto';

import { Inject, Req, Res, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { sendJson } from './admin-request.js';
import { countRequests, type RequestStatistics } from './request-statistics.js';
import { ADMIN_ROUTES } from './routes.js';

/** Statistics of this process in the original's shape, kept small: what is measured is at `/metrics`. */
@AdminController()
export class StatsController implements OnModuleInit {
  private readonly id = randomUUID();
  private statistics: () => RequestStatistics = () => ({ requests: 0, responses: 0 });

  constructor(@Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost) {}

  onModuleInit(): void {
    this.statistics = countRequests(this.adapterHost.httpAdapter.getInstance<FastifyInstance>());
  }

  @Access(ADMIN_ROUTES.healthStats)
  stats(@Req() _request: FastifyRequest, @Res() reply: FastifyReply): void {
    const memory = process.memoryUsage();
    const body = {
      ...this.statistics(),
      id: this.id,
      uptime: Math.floor(process.uptime()),
      memory: {
        alloc: memory.heapUsed,
        sys: memory.rss,
        heapAlloc: memory.heapUsed,
        heapSys: memory.heapTotal,
        heapIdle: memory.heapTotal - memory.heapUsed,
        heapInuse: memory.heapUsed,
      },
    };
    sendJson(reply, 200, JSON.stringify(body));
  }
}
