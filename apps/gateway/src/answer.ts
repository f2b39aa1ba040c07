import type { FormParameter, HttpAnswer } from '@castellan/service';
import type { CallOptions } from '@castellan/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Sends a finished answer. */
export function send(reply: FastifyReply, answer: HttpAnswer): void {
  void reply.status(answer.status).headers(answer.headers).send(answer.body);
}

/** Parameters of a form body, in order, as the parser of a form route left them. */
export function formParametersOf(request: FastifyRequest): FormParameter[] {
  return request.body as FormParameter[];
}

/** Joins the logs of all services that this request reaches. */
export function callOptionsOf(request: FastifyRequest): CallOptions {
  return { requestId: request.id };
}
