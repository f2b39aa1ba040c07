/** A person as this app knows them. */
export type User = {
  /** What the authorization server calls `sub`; never changes. */
  readonly subject: string;
  readonly name: string;
  readonly nickname: string;
  readonly email: string;
  readonly emailVerified: boolean;
};

/**
 * Where users come from. This app ships one that reads a small file; a directory, a database or another
 * identity provider takes its place by implementing these two methods.
 */
export interface Connector {
  /** The user whose login and password these are; undefined otherwise, after the same time either way. */
  authenticate(login: string, password: string): Promise<User | undefined>;
  /** The user of a subject; undefined when there is none (any more). */
  find(subject: string): Promise<User | undefined>;
}
