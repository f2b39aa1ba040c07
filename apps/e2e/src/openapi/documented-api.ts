import type { OpenapiDocument } from '@castellan/service';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import { type Answer, type Request, send } from '../http.js';
import { type DocumentedAnswer, type Operation, operationsIn, schemaValidators } from './api-document.js';

/** What to ask an operation with. */
export type Call = Omit<Request, 'method'> & {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
};

/** A served API that is called by its document: every answer is held against what the document says. */
export type DocumentedApi = {
  readonly operations: readonly Operation[];
  /** Calls an operation by its ID. Throws when the answer is not one of those described. */
  call(id: string, call?: Call): Promise<Answer>;
  /** Takes an answer that came otherwise (to a browser) for one of an operation's. */
  note(id: string, answer: Answer): void;
  /** IDs of the operations that have been seen to answer so. */
  answered(status: RegExp): ReadonlySet<string>;
};

export function documentedApi(document: OpenapiDocument, origin: string): DocumentedApi {
  const operations = operationsIn(document);
  const validatorOf = schemaValidators(document);
  const seen: { readonly id: string; readonly status: number }[] = [];

  function operationOf(id: string): Operation {
    const operation = operations.find(({ operationId }) => operationId === id);
    if (operation === undefined) throw new Error(`there is no operation ${id}`);
    return operation;
  }

  function note(id: string, answer: Answer): void {
    const documented = operationOf(id).responses[answer.status];
    if (documented === undefined) throw new Error(`${id} answered ${answer.status}, undocumented: ${answer.text}`);
    const problem = problemOf(documented, answer, validatorOf);
    if (problem !== undefined) throw new Error(`${id} answered ${answer.status}: ${problem}: ${answer.text}`);
    seen.push({ id, status: answer.status });
  }

  return {
    operations,
    note,
    async call(id, { path = {}, query, ...request } = {}) {
      const { method, path: pattern } = operationOf(id);
      const named = pattern.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(path[name] ?? 'x'));
      const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
      const answer = await send(`${origin}${named}${search}`, { ...request, method });
      note(id, answer);
      return answer;
    },
    answered: (status) => new Set(seen.filter((each) => status.test(String(each.status))).map(({ id }) => id)),
  };
}

function problemOf(
  { content = {} }: DocumentedAnswer,
  { headers, text }: Answer,
  validatorOf: (schema: Readonly<Record<string, unknown>>) => ValidateFunction,
): string | undefined {
  const types = Object.keys(content);
  if (types.length === 0) return text === '' ? undefined : 'a body that is not documented';
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const media = content[type];
  if (media === undefined) return `the type ${type} is not documented`;
  const validate = validatorOf(media.schema);
  if (validate(type.endsWith('json') ? JSON.parse(text) : text)) return undefined;
  return JSON.stringify(validate.errors);
}
