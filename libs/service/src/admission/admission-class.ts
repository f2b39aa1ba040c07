/**
 * What a request is worth while not all of them can be served. `decision`: others wait for the answer to let somebody
 * through (introspection, revocation, the Warden, public keys). `issuance`: somebody is signing in or asks for a token.
 * `administration`: the rest, which can be asked again.
 */
export type AdmissionClass = 'decision' | 'issuance' | 'administration';

/** Parts of the limit on requests under way. */
type ClassRow = {
  /** Up to which part of the limit the class is let in; the rest is kept for those above it. */
  readonly share: number;
  /** Part of the limit that the class has for itself, however much of the others is under way. */
  readonly reserve: number;
};

export const ADMISSION_CLASSES: Readonly<Record<AdmissionClass, ClassRow>> = {
  decision: { share: 1, reserve: 0.1 },
  issuance: { share: 0.9, reserve: 0.1 },
  administration: { share: 0.75, reserve: 0.05 },
};

/** Token by which a module says of what class its routes and rpcs are (an `AdmissionTable`); any number of modules may. */
export const ADMISSION_TABLE = Symbol('ADMISSION_TABLE');

/**
 * Classes by route pattern (`/oauth2/token`), rpc (`castellan.token.v1.Tokens/IssueToken`) or service
 * (`castellan.warden.v1.Warden`); `always` is answered whatever the load. What is not named is `administration`.
 */
export type AdmissionTable = Readonly<Record<string, AdmissionClass | 'always'>>;

/** What every process answers whatever the load: its own health. */
const ALWAYS: AdmissionTable = {
  '/health': 'always',
  '/health/alive': 'always',
  '/health/ready': 'always',
  '/health/status': 'always',
  '/version': 'always',
  'grpc.health.v1.Health': 'always',
};

/** Joins tables; answers the class of a route pattern or an rpc. */
export function createClassFinder(tables: readonly AdmissionTable[]): (name: string) => AdmissionClass | 'always' {
  const classes = new Map([...tables, ALWAYS].flatMap((table) => Object.entries(table)));
  return (name) => classes.get(name) ?? classes.get(serviceOf(name)) ?? 'administration';
}

function serviceOf(rpc: string): string {
  return rpc.slice(0, Math.max(rpc.lastIndexOf('/'), 0));
}
