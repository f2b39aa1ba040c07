import type { ProgramName } from '../configuration/variables.js';

/** A program that can be examined: one that serves. */
export type Patient = Exclude<ProgramName, 'migrate' | 'consent'>;
export const patients: readonly Patient[] = ['host', 'gateway', 'admin', 'token', 'warden', 'keys'];

/** What was found, and what to do about it. Names no value of a secret. */
export type Finding = {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'error';
  readonly finding: string;
  /** Empty where nothing is to be done. */
  readonly advice: string;
};

/** What is examined: a program, the environment it would start with, and the clock of this machine. */
export type Examination = {
  readonly patient: Patient;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Folder of the embedded PostgreSQL. */
  readonly dataFolder: string;
};

/** Looks at one thing. Throws nothing: what cannot be looked at is a finding. */
export type Check = (examination: Examination) => Promise<readonly Finding[]>;

export function ok(check: string, finding: string): Finding {
  return { check, status: 'ok', finding, advice: '' };
}

export function warning(check: string, finding: string, advice: string): Finding {
  return { check, status: 'warning', finding, advice };
}

export function error(check: string, finding: string, advice: string): Finding {
  return { check, status: 'error', finding, advice };
}
