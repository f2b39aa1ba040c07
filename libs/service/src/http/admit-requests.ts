import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdmissionDoor } from '../admission/admission.module.js';
import type { Arrival, Refusal } from '../admission/admission.js';
import { HttpError } from './http-error.js';
import type { EarlyRefusals } from './refuse-early.js';
import type { RefusalTurns } from './refusal-turns.js';

/** Seconds after which it is worth to ask again: an overload that ends is over by then. */
const RETRY_AFTER = '2';

/** A request that was turned away before anything was done for it. */
export class AdmissionError extends HttpError {}

// Made once: a refusal costs no stack trace.
const REFUSALS: Readonly<Record<Refusal, AdmissionError>> = {
  overload: new AdmissionError(503, 'The server is overloaded; try again later', {
    headers: { 'retry-after': RETRY_AFTER },
  }),
  address: new AdmissionError(429, 'Too many requests from this address; try again later', {
    headers: { 'retry-after': RETRY_AFTER },
  }),
};

declare module 'fastify' {
  interface FastifyRequest {
    /** The place that the request holds, if it holds one. */
    place: Arrival | undefined;
    /** Why it was turned away before anything was done for it, if it was. */
    refusal: Refusal | undefined;
  }
}

/**
 * Refuses what cannot be served, when its headers are here and before its body is read. A place is held from when the
 * body is complete until the answer is made: whoever sends or reads slowly holds none.
 */
export function addAdmission(
  server: FastifyInstance,
  door: () => AdmissionDoor | undefined,
  early: EarlyRefusals,
  turns: RefusalTurns,
): void {
  function arrivalOf(request: FastifyRequest): Arrival | undefined {
    const of = door()?.classOf(request.routeOptions.url ?? '');
    return of === undefined || of === 'always' ? undefined : { of, address: request.clientAddress };
  }

  function goOn(request: FastifyRequest, refusal: Refusal | undefined, done: (error?: Error) => void): void {
    request.refusal = refusal;
    if (refusal === undefined) done();
    else turns.next(() => done(REFUSALS[refusal]));
  }

  server.decorateRequest('place', undefined);
  server.decorateRequest('refusal', undefined);
  server.addHook('onRequest', (request, _reply, done) => {
    const arrival = arrivalOf(request);
    const refusal = early.decided(request.raw);
    goOn(request, arrival === undefined ? undefined : (refusal ?? door()?.admission.refuse(arrival)), done);
  });
  server.addHook('preHandler', (request, _reply, done) => {
    const arrival = arrivalOf(request);
    const refusal = arrival === undefined ? undefined : door()?.admission.enter(arrival);
    if (refusal === undefined) request.place = arrival;
    goOn(request, refusal, done);
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (request.place !== undefined) door()?.admission.leave(request.place);
    request.place = undefined;
    if (request.refusal !== undefined) early.keep(request, reply, request.refusal, payload);
    done(null, payload);
  });
}
