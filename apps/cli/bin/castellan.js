#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Images have the program joined into a few files as well, which starts faster.
const entry = ['../bundle/main.js', '../dist/main.js']
  .map((place) => new URL(place, import.meta.url))
  .find((place) => existsSync(place));

if (entry !== undefined) {
  const { runFromShell } = await import(entry.href);
  await runFromShell();
} else {
  process.stderr.write('Castellan is not built yet, run `npm run build` in its folder first.\n');
  process.exitCode = 1;
}
