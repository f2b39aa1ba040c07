import { readFileSync } from 'node:fs';
import type { ScenarioResult } from '../scenario.js';
import type { Report } from './page.js';

/** The results of a run with those of earlier ones that it did not do itself; each says then when it was measured. */
export function withEarlier(results: readonly ScenarioResult[], files: readonly string[]): readonly ScenarioResult[] {
  const all = [...results];
  for (const file of files) {
    const { machine, results: earlier } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const origin = `measured by itself, ${machine.startedAt}, commit ${machine.commit}, Node ${machine.node}`;
    all.push(...earlier.filter(({ id }) => !all.some((one) => one.id === id)).map((one) => ({ origin, ...one })));
  }
  return all;
}
