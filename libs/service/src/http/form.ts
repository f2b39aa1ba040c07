import { HttpError } from './http-error.js';

/** One parameter as it came, decoded; order and repetition are kept, since the domain judges them. */
export type FormParameter = { readonly name: string; readonly value: string };

const MAX_PARAMETERS = 200;

function malformed(reason: string): HttpError {
  return new HttpError(400, `The request parameters are malformed: ${reason}`);
}

function decodePart(part: string): string {
  let text: string;
  try {
    // Refuses lone `%`, invalid UTF-8, overlong forms and encoded surrogates.
    text = decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw malformed('invalid percent-encoding');
  }
  if (/[\u0000-\u001f\u007f]/.test(text)) throw malformed('control characters');
  return text;
}

/**
 * Parameters of application/x-www-form-urlencoded text (a body, or a query string without `?`), at most 200, in order.
 * Names are literal: `a[]` is the name `a[]`.
 * @throws HttpError 400 for invalid percent-encoding, invalid UTF-8, control characters, too many parameters
 */
export function parseFormParameters(text: string): FormParameter[] {
  if (/\p{Surrogate}/u.test(text)) throw malformed('invalid text');
  const parameters: FormParameter[] = [];
  const pairs = text.split('&', MAX_PARAMETERS * 2 + 1);
  // Empty pairs are nothing, but not so many of them that what follows would be cut off unread.
  if (pairs.length > MAX_PARAMETERS * 2) throw malformed('too many parameters');
  for (const pair of pairs) {
    if (pair === '') continue;
    if (parameters.length === MAX_PARAMETERS) throw malformed('too many parameters');
    const equals = pair.indexOf('=');
    const name = decodePart(equals === -1 ? pair : pair.slice(0, equals));
    parameters.push({ name, value: equals === -1 ? '' : decodePart(pair.slice(equals + 1)) });
  }
  return parameters;
}

/** The parameters of a request target's query, `/path?query`. */
export function parseQueryParameters(requestTarget: string): FormParameter[] {
  const question = requestTarget.indexOf('?');
  return question === -1 ? [] : parseFormParameters(requestTarget.slice(question + 1).split('#', 1)[0] ?? '');
}
