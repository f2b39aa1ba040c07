#!/usr/bin/env node
import { existsSync } from 'node:fs';

const entry = new URL('../dist/main.js', import.meta.url);

if (existsSync(entry)) {
  const { runFromShell } = await import(entry.href);
  await runFromShell();
} else {
  process.stderr.write('Castellan is not built yet, run `npm run build` in its folder first.\n');
  process.exitCode = 1;
}
