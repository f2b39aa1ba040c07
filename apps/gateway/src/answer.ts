import type { FormParameter, HttpAnswer } from '@castellan/service';
import type { CallOptions } from '@castellan/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';

type ClientRequest = {
  readonly parameters: FormParameter[];
  readonly authorization: string;
  readonly remoteAddress: string;
};

/** Sends a finished answer. */
export function send(reply: FastifyReply, answer: HttpAnswer): void {
  void reply.status(answer.status).headers(answer.headers).send(answer.body);
}

/** Parameters of a form body, in order, as the parser of a form route left them. */
export function formParametersOf(request: FastifyRequest): FormParameter[] {
  return request.body as FormParameter[];
}

/** What a client presented to an endpoint that it authenticates at: its parameters, its header and where it called from. */
export function clientRequestOf(request: FastifyRequest): ClientRequest {
  return {
    parameters: formParametersOf(request),
    authorization: request.headers.authorization ?? '',
    remoteAddress: request.clientAddress,
  };
}

/** Joins the logs of all services that this request reaches. */
export function callOptionsOf(request: FastifyRequest): CallOptions {
  return { requestId: request.id };
}
