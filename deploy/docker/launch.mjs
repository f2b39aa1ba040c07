// Starts a program with a heap that fits into its container: three quarters of the memory that the control group allows,
// so that V8 collects before the kernel kills. Node by itself would take nearly all of it.
//   node launch.mjs <program> [arguments]
// Without a limit, or where NODE_OPTIONS says how large the heap is (as the chart does), the program runs in this process.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MIB = 1024 * 1024;
/** What this process needs while it waits. */
const OWN_MIB = 40;

/** Mebibytes of heap for a limit in bytes; undefined where nothing limits, or something else says it. */
export function heapMebibytes(limit, options = '') {
  const isLimited = Number.isFinite(limit) && limit > 0 && limit < 2 ** 44;
  if (!isLimited || /--max[-_]old[-_]space[-_]size/.test(options)) return undefined;
  return Math.max(64, Math.floor(((limit / MIB - OWN_MIB) * 3) / 4));
}

/** Runs the program as a child: signals go to it, and its end is ours. */
function runChild(heap, args) {
  const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`Could not start: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal ?? ''] ?? 0)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  if (args.length === 0) {
    process.stderr.write('usage: node launch.mjs <program> [arguments]\n');
    process.exit(2);
  }
  const heap = heapMebibytes(process.constrainedMemory?.(), process.env.NODE_OPTIONS);
  if (heap !== undefined) runChild(heap, args);
  else {
    process.argv.splice(1, 1);
    await import(pathToFileURL(path.resolve(args[0])).href);
  }
}
