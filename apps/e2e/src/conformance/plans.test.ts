import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { formPostPlans, plans } from './plans.js';

const folder = import.meta.dirname;
/** Test files, and the files whose modules they run for each variant. */
const sources = readdirSync(folder)
  .filter((name) => (name.endsWith('.test.ts') && name !== 'plans.test.ts') || name.endsWith('-modules.ts'))
  .map((name) => readFileSync(path.join(folder, name), 'utf8'))
  .join('\n');

/** Names of modules in titles of tests and in the first columns of their tables. */
const titles = new Set([...sources.matchAll(/'(oidcc-[A-Za-z0-9-]+)[':]/g)].map(([, title = '']) => title));

describe.each(Object.entries(plans))('%s', (_, modules) => {
  it.each(modules)('%s has a test of its rule', (module) => {
    expect(titles).toContain(module);
  });
});

describe('the tests of this folder', () => {
  it('run every plan for form_post too', () => {
    for (const [plan, plain] of Object.entries(formPostPlans)) {
      expect(plans).toHaveProperty([plain]);
      expect(sources).toContain(plan);
    }
  });

  it('name no module that no plan has', () => {
    const known = new Set([...Object.values(plans).flat(), 'oidcc-discovery']);
    expect([...titles].filter((title) => !known.has(title) && !title.endsWith('-test-plan'))).toEqual([]);
  });
});
