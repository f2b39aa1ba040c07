import type { z } from 'zod';

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A parameter of the query or a header field. */
export type ApiParameter = {
  readonly description: string;
  readonly schema: z.ZodType;
  readonly required?: true;
  /** Another name of another parameter, for clients of older versions. */
  readonly deprecated?: true;
};

/** Parameters by name. */
export type ApiParameters = Readonly<Record<string, ApiParameter>>;

export type ApiBody = {
  readonly schema: z.ZodType;
  /** `application/json` when absent. */
  readonly type?: string;
  readonly required: boolean;
};

/** What an operation answers with a status. */
export type ApiAnswer = {
  /** The name of an answer that many operations give; a name stands for one answer. */
  readonly name?: string;
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly schema?: z.ZodType;
  /** `application/json` when absent. */
  readonly type?: string;
  /** Other media types of the same answer, with their schemas. */
  readonly otherTypes?: Readonly<Record<string, z.ZodType>>;
};

/** A way to be let in: scopes by the name of a security scheme; `{}` is nobody in particular. */
export type ApiSecurity = Readonly<Record<string, readonly string[]>>;

/** One method of one path, described. */
export type ApiOperation = {
  /** Unique in a document. */
  readonly id: string;
  readonly method: ApiMethod;
  /** Parameters of the path begin with a colon, as in the router. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly query?: ApiParameters;
  readonly headers?: ApiParameters;
  readonly body?: ApiBody;
  /** Any of these is enough. */
  readonly security: readonly ApiSecurity[];
  readonly answers: Readonly<Record<number, ApiAnswer>>;
};

/** How callers are let in, as OpenAPI's Security Scheme Objects. */
export type ApiSecurityScheme = { readonly type: 'http'; readonly scheme: string; readonly description: string };

/** Everything that a document is written from. */
export type ApiDescription = {
  readonly title: string;
  readonly description: string;
  /** Tags with what each is about, in the order in which they are shown. */
  readonly tags: Readonly<Record<string, string>>;
  readonly securitySchemes: Readonly<Record<string, ApiSecurityScheme>>;
  readonly operations: readonly ApiOperation[];
};
