import type { ApiParameters } from '@castellan/service';

import type { AccessQuestions, AdminCall } from './access-questions.js';

/** An endpoint of the admin API with what a caller needs for it. */
export type AdminRoute = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Other paths that SDKs know it by. */
  readonly aliases?: readonly string[];
  /** Scope that the caller's token must hold. */
  readonly scope: string;
  readonly action: string;
  /** What it reads from the query. */
  readonly query?: ApiParameters;
  readonly resource: AccessQuestions;
  /** Whether a caller without a valid token is asked about as the anonymous subject. */
  readonly anonymous?: (call: AdminCall) => boolean;
};
