/** What a program of statements is asked to do. */
export type StatementTask = {
  readonly databaseUrl: string;
  readonly work: 'insert' | 'find';
  /** Calls of one store share statements; calls of many stores do not. */
  readonly stores: number;
  /** Calls that are under way at once. */
  readonly concurrency: number;
  readonly seconds: number;
};

/** What came of it. */
export type StatementFigures = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the program per call. */
  readonly clientUs: number;
  readonly calls: number;
  /** Statements that were sent. */
  readonly statements: number;
};
