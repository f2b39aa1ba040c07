import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';
import type { RequestRules } from './request-rules.js';

const maxBytes = 2048;

/**
 * The `state` of a request (RFC 6749 section 4.1.1); optional unless a minimum length is configured (rulings 32).
 *
 * @throws OAuth2Error `invalid_state`, `invalid_request`
 */
export function checkState(parameters: ParameterMap, rules: RequestRules): string | undefined {
  const state = parameters.get('state');
  if ((state?.length ?? 0) < rules.stateMinLength) throw new OAuth2Error('invalid_state');
  if (state !== undefined && !isShortEnough(state)) {
    throw new OAuth2Error('invalid_request', `the state is longer than ${maxBytes} bytes`);
  }
  return state;
}

/** The state to repeat in a response, byte by byte; an overlong one is not repeated. */
export function stateToEcho(parameters: ParameterMap): string | undefined {
  const state = parameters.get('state');
  return state !== undefined && isShortEnough(state) ? state : undefined;
}

function isShortEnough(state: string): boolean {
  return Buffer.byteLength(state) <= maxBytes;
}
