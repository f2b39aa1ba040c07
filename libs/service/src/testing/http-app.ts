import { connect } from 'node:net';
import { Body, Controller, Delete, Get, Header, HttpCode, Post, Put, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { RpcError } from '@castellan/rpc';
import { FormBody } from '../http/body-parsers.js';
import { HTTP_ERROR_RENDERER, type HttpErrorRenderer } from '../http/error-filter.js';
import { createHttpApp, type HttpApp, type HttpAppOptions } from '../http/http-app.js';
import { HttpError } from '../http/http-error.js';
import { createLogger } from '../logger.js';

const renderTokenError: HttpErrorRenderer = (error, request) =>
  request.url.startsWith('/oauth2/')
    ? { status: error.statusCode, headers: {}, body: JSON.stringify({ error: 'invalid_request' }) }
    : undefined;

@Controller()
class TestController {
  @Get('clients')
  list(@Req() request: FastifyRequest): object {
    return { secure: request.secure, address: request.clientAddress, id: request.id };
  }

  @Post('clients')
  create(@Body() body: unknown): object {
    return { body: body ?? null, polluted: 'polluted' in {} };
  }

  @Get('clients/:id')
  read(@Req() request: FastifyRequest<{ Params: { id: string } }>): object {
    return { id: request.params.id };
  }

  @Put('clients/:id')
  replace(): object {
    return {};
  }

  @Delete('clients/:id')
  @HttpCode(204)
  remove(): void {
    return;
  }

  @Post('oauth2/token')
  @FormBody()
  token(@Body() body: unknown): object {
    return { body };
  }

  @Get('oauth2/auth')
  authorize(): object {
    return {};
  }

  @Get('oauth2/sessions/logout')
  endSession(): object {
    return {};
  }

  @Get('page')
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return '<p>hello</p>';
  }

  @Get('keys')
  @Header('cache-control', 'public, max-age=300')
  keys(): object {
    return {};
  }

  @Get('health')
  health(): object {
    return { status: 'ok' };
  }

  @Get('fail/:how')
  fail(@Req() request: FastifyRequest<{ Params: { how: string } }>): never {
    switch (request.params.how) {
      case 'refused':
        throw new HttpError(401, 'No token', { headers: { 'www-authenticate': 'Bearer' } });
      case 'absent':
        throw new RpcError('NOT_FOUND', 'Not found');
      case 'outage':
        throw new RpcError('UNAVAILABLE', 'ECONNREFUSED 10.0.0.7:4453');
      default:
        throw new Error('password=hunter2');
    }
  }
}

class TestModule {}

const module = {
  module: TestModule,
  controllers: [TestController],
  providers: [{ provide: HTTP_ERROR_RENDERER, useValue: renderTokenError }],
};

/** Lines that the apps of the running test logged. */
export const log: string[] = [];
const opened: HttpApp[] = [];

/** An app with the test's routes, ready but not listening. */
export async function open(options: Partial<HttpAppOptions> = {}): Promise<HttpApp> {
  const logger = createLogger({ destination: { write: (line) => void log.push(line) } });
  const http = await createHttpApp({ modules: [module], logger, transport: { kind: 'http' }, ...options });
  await http.app.init();
  await http.app.getHttpAdapter().getInstance().ready();
  opened.push(http);
  return http;
}

/** Closes what the test opened. */
export async function closeAll(): Promise<void> {
  for (const http of opened.splice(0)) await http.close();
  log.length = 0;
}

/** Sends bytes as they are and answers all that comes back until the server closes. */
export async function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** Listens on a port of the system's choice. */
export async function listen(app: HttpApp['app']): Promise<number> {
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as { port: number }).port;
}
