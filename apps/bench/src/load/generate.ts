import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../machine/program.js';
import { makeTemporaryFolder } from '../machine/temporary-folder.js';
import type { LoadEffort, LoadPlan, LoadResult, RequestsPlan } from './plan.js';

let wrk: boolean | undefined;

/** Whether `wrk` is on PATH: it presses harder than autocannon for the same CPU. */
export function hasWrk(): boolean {
  if (wrk === undefined)
    try {
      execFileSync('sh', ['-c', 'command -v wrk'], { stdio: 'ignore' });
      wrk = true;
    } catch {
      wrk = false;
    }
  return wrk;
}

/**
 * Presses in a process of its own, with `wrk` for plain requests where it is there, else with autocannon; gRPC with
 * the product's own client.
 */
export async function generateLoad(plan: LoadPlan, effort: LoadEffort): Promise<LoadResult> {
  if (plan.kind === 'requests' && plan.alsoUrls !== undefined && plan.alsoUrls.length > 0) {
    const { alsoUrls, ...first } = plan;
    const plans = [first, ...alsoUrls.map((url) => ({ ...first, url }))];
    const share = { ...effort, connections: Math.max(1, Math.round(effort.connections / plans.length)) };
    return together(await Promise.all(plans.map((one) => generateLoad(one, share))));
  }
  if (plan.kind === 'requests' && effort.withoutWrk !== true && hasWrk()) return runWrk(plan, effort);
  const program = plan.kind === 'calls' ? 'grpc-program' : 'autocannon-program';
  const ended = await run(`apps/bench/dist/load/${program}.js`, { stdin: JSON.stringify({ plan, effort }) });
  return JSON.parse(ended.stdout) as LoadResult;
}

/** What several generators did at the same time; of the latencies the worst. */
function together(results: readonly LoadResult[]): LoadResult {
  const sum = (read: (result: LoadResult) => number): number =>
    results.reduce((total, result) => total + read(result), 0);
  const most = (read: (result: LoadResult) => number): number => Math.max(...results.map(read));
  const firstFailure = results.find((result) => result.firstFailure !== undefined)?.firstFailure;
  return {
    completed: sum(({ completed }) => completed),
    seconds: most(({ seconds }) => seconds),
    p50Ms: most(({ p50Ms }) => p50Ms),
    p99Ms: most(({ p99Ms }) => p99Ms),
    failures: sum(({ failures }) => failures),
    ...(firstFailure !== undefined ? { firstFailure } : {}),
  };
}

async function runWrk(plan: RequestsPlan, effort: LoadEffort): Promise<LoadResult> {
  const folder = makeTemporaryFolder();
  try {
    const script = path.join(folder.path, 'load.lua');
    writeFileSync(script, wrkScript(plan));
    const { stdout } = await run('wrk', {
      command: 'wrk',
      args: ['-t1', `-c${effort.connections}`, `-d${effort.seconds}s`, '--timeout', '10s', '-s', script, plan.url],
    });
    const line = stdout.split('\n').find((each) => each.startsWith('RESULT '));
    if (line === undefined) throw new Error(`wrk wrote no result: ${stdout}`);
    return JSON.parse(line.slice('RESULT '.length)) as LoadResult;
  } finally {
    folder.remove();
  }
}

function wrkScript(plan: RequestsPlan): string {
  const headers = Object.entries(plan.headers).map(([name, value]) => `[${lua(name)}] = ${lua(value)}`);
  return `
local headers = { ${headers.join(', ')} }
local bodies = { ${plan.bodies.map(lua).join(', ')} }
local requests = {}
local turn = 0
function init()
  for number, body in ipairs(bodies) do requests[number] = wrk.format(${lua(plan.method)}, nil, headers, body) end
  if #requests == 0 then requests[1] = wrk.format(${lua(plan.method)}, nil, headers) end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  io.write(string.format('RESULT {"completed":%d,"seconds":%.6f,"p50Ms":%.4f,"p99Ms":%.4f,"failures":%d}\\n',
    summary.requests - errors.status, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, failures))
end
`;
}

/** A Lua string of any text. */
function lua(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')}"`;
}
