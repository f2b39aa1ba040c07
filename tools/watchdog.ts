import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect } from 'vitest';

/**
 * Vitest's limits of tests and hooks end what waits. They end neither a loop that never comes back nor a child process
 * that is waited for without a limit: this ends the worker process of a test file that hangs, says what it was doing,
 * and vitest reports the file as failed.
 */
const minutes = Number(process.env['TEST_FILE_MINUTES']);
/** The next file of the process begins at once, or the process is ended. */
const minutesBetween = 3;

const thread = `
  const { readFileSync, writeSync } = require('node:fs');
  const { Session } = require('node:inspector');
  const { parentPort } = require('node:worker_threads');
  let timer;
  parentPort.on('message', ({ file, minutes }) => {
    clearTimeout(timer);
    timer = setTimeout(end, minutes * 60_000, file, minutes);
  });
  function end(file, minutes) {
    writeSync(2, '\\n' + file + ' does not end: its process is killed after ' + minutes + ' minutes\\n');
    for (const child of children()) writeSync(2, '  waits for: ' + child + '\\n');
    const session = new Session();
    session.connectToMainThread();
    const scripts = new Map();
    session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url));
    session.once('Debugger.paused', ({ params }) => {
      for (const { functionName, location } of params.callFrames)
        writeSync(2, '  at ' + functionName + ' ' + scripts.get(location.scriptId) + ':' + (location.lineNumber + 1) + '\\n');
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2000);
  }
  function children() {
    try {
      const ids = readFileSync('/proc/' + process.pid + '/task/' + process.pid + '/children', 'utf8').trim();
      return ids.split(' ').filter(Boolean).map((id) => readFileSync('/proc/' + id + '/cmdline', 'utf8').replaceAll('\\0', ' '));
    } catch {
      return [];
    }
  }
`;

const shared = globalThis as { testWatchdog?: Worker };
if (shared.testWatchdog === undefined) {
  shared.testWatchdog = new Worker(thread, { eval: true });
  shared.testWatchdog.unref();
}
const watchdog = shared.testWatchdog;
const file = path.relative(process.cwd(), expect.getState().testPath ?? 'a test file');
watchdog.postMessage({ file, minutes });
afterAll(() => watchdog.postMessage({ file: `what is left of ${file}`, minutes: minutesBetween }));
