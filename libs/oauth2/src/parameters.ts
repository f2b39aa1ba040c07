import { OAuth2Error } from './errors.js';

/** One parameter as it came, in its order. */
export type Parameter = { readonly name: string; readonly value: string };

/** The parameters of a request by name: no name twice, no empty value. */
export type ParameterMap = ReadonlyMap<string, string>;

const maxParameters = 100;
const maxNameLength = 128;
const maxValueLength = 16 * 1024;
const maxTotalLength = 64 * 1024;

// C0, DEL and C1 controls; lone surrogates; the sign that a decoder met invalid UTF-8.
const refusedCharacters = /[\u0000-\u001f\u007f-\u009f\ufffd]|\p{Surrogate}/u;

/** May come several times (RFC 8707 section 2, and as Hydra reads `audience`); values, which hold no space, are joined by one. */
const repeatable: ReadonlySet<string> = new Set(['resource', 'audience']);

/**
 * Reads the parameters of a query or form. A repeated name is refused, but for `resource` and `audience`, an empty value counts as absent (RFC 6749
 * sections 3.1 and 3.2). Control characters and oversized input are refused. Throws `invalid_request`.
 */
export function parseParameters(list: readonly Parameter[]): ParameterMap {
  if (list.length > maxParameters) throw new OAuth2Error('invalid_request', 'too many parameters');
  const seen = new Set<string>();
  const parameters = new Map<string, string>();
  let total = 0;
  for (const { name, value } of list) {
    total += name.length + value.length;
    if (name.length > maxNameLength || value.length > maxValueLength || total > maxTotalLength) {
      throw new OAuth2Error('invalid_request', 'a parameter is too long');
    }
    if (refusedCharacters.test(name) || refusedCharacters.test(value)) {
      throw new OAuth2Error('invalid_request', 'a parameter holds a control character or is not valid UTF-8');
    }
    if (seen.has(name) && !repeatable.has(name)) throw new OAuth2Error('invalid_request', 'a parameter is repeated');
    seen.add(name);
    const before = parameters.get(name);
    if (value !== '') parameters.set(name, before === undefined ? value : `${before} ${value}`);
  }
  return parameters;
}

/** The value of a parameter that must be there. Throws `invalid_request` naming it. */
export function requireParameter(parameters: ParameterMap, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuth2Error('invalid_request', `the parameter ${name} is missing`);
  return value;
}
