import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import { AdmissionError } from './admit-requests.js';
import { HttpError, errorJson, toHttpError, type HttpAnswer } from './http-error.js';
import type { RouteTable } from './route-table.js';

/** Token by which a module contributes its own error form (one `HttpErrorRenderer`); any number of modules may. */
export const HTTP_ERROR_RENDERER = Symbol('HTTP_ERROR_RENDERER');

/**
 * Turns an error into the form of a module's endpoints; undefined leaves it to the next one, in the end to the error
 * JSON. `thrown` is what was thrown, `error` what it means to the caller.
 */
export type HttpErrorRenderer = (error: HttpError, request: FastifyRequest, thrown: unknown) => HttpAnswer | undefined;

export type ErrorFilterDependencies = {
  readonly discovery: DiscoveryService;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly routes: RouteTable;
};

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}

/** The framework's own words for a path it does not know, or one whose parameter is empty; they repeat the path. */
function isUnknownRoute(thrown: unknown, request: FastifyRequest): boolean {
  return thrown instanceof NotFoundException && (request.is404 || thrown.message.startsWith('Cannot '));
}

/** The one place where an error becomes an HTTP answer. Faults are logged here, once. */
@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  private renderers: readonly HttpErrorRenderer[] | undefined;

  constructor(private readonly dependencies: ErrorFilterDependencies) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = isUnknownRoute(thrown, request) ? this.unknownRoute(request) : toHttpError(thrown);
    // A refusal is no fault; a line for each would be one more thing to do while there is too much of it.
    if (error.statusCode >= 500 && !(error instanceof AdmissionError)) this.logFault(error, request, thrown);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const answer = this.render(error, request, thrown);
    reply.removeHeader('content-length');
    reply.header('content-type', 'application/json; charset=utf-8').headers({ ...error.headers, ...answer.headers });
    reply.code(answer.status).send(answer.body);
  }

  private unknownRoute(request: FastifyRequest): HttpError {
    const allowed = this.dependencies.routes.methodsOf(pathOf(request));
    if (allowed.length === 0) return new HttpError(404, 'Not found');
    return new HttpError(405, 'Method not allowed', { headers: { allow: allowed.join(', ') } });
  }

  private render(error: HttpError, request: FastifyRequest, thrown: unknown): HttpAnswer {
    this.renderers ??= this.discoverRenderers();
    for (const render of this.renderers) {
      const answer = render(error, request, thrown);
      if (answer !== undefined) return answer;
    }
    const sentId = request.headers['x-request-id'] === request.id ? request.id : undefined;
    return { status: error.statusCode, headers: {}, body: errorJson(error.statusCode, error.message, sentId) };
  }

  private logFault(error: HttpError, request: FastifyRequest, thrown: unknown): void {
    this.dependencies.metrics.countFault('http');
    this.dependencies.logger.error('A request failed', {
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: error.statusCode,
      request_id: request.id,
      error: thrown,
    });
  }

  private discoverRenderers(): readonly HttpErrorRenderer[] {
    return this.dependencies.discovery
      .getProviders()
      .filter((wrapper) => wrapper.token === HTTP_ERROR_RENDERER && typeof wrapper.instance === 'function')
      .map((wrapper) => wrapper.instance as unknown as HttpErrorRenderer);
  }
}
