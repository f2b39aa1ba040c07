import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const launch = path.resolve(import.meta.dirname, '../deploy/docker/launch.mjs');
const MIB = 1024 * 1024;
let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-launch-'));
  program = path.join(folder, 'program.mjs');
  writeFileSync(
    program,
    `import v8 from 'node:v8';
     process.on('SIGTERM', () => process.exit(7));
     console.log(JSON.stringify({ args: process.argv.slice(2), heap: v8.getHeapStatistics().heap_size_limit, pid: process.pid }));
     if (process.argv[2] === 'stay') setInterval(() => undefined, 1000);`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A control group with that limit of memory; undefined where this machine lets nobody make one. */
function limitedGroup(bytes: number): { readonly tasks: string; remove(): void } | undefined {
  for (const [root, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const group = path.join(root, `castellan-${process.pid}`);
    try {
      mkdirSync(group);
      writeFileSync(path.join(group, limit), String(bytes));
      if (readFileSync(path.join(group, limit), 'utf8').trim() !== String(bytes)) continue;
      return { tasks: path.join(group, 'cgroup.procs'), remove: () => rmdirSync(group) };
    } catch {
      if (existsSync(group)) rmdirSync(group);
    }
  }
  return undefined;
}

describe('the launcher of the images', () => {
  it.each([
    [512 * MIB, '', 354],
    [64 * MIB, '', 64],
    [2 ** 64, '', undefined],
    [0, '', undefined],
    [512 * MIB, '--disable-proto=delete', 354],
    [512 * MIB, '--max-old-space-size=100', undefined],
  ])('gives %d bytes with NODE_OPTIONS "%s" a heap of %s MiB', async (limit, options, expected) => {
    const { heapMebibytes } = (await import(launch)) as { heapMebibytes(limit: number, options: string): unknown };
    expect(heapMebibytes(limit, options)).toBe(expected);
  });

  it('runs the program with its arguments', () => {
    const said = JSON.parse(
      execFileSync(process.execPath, [launch, program, 'a', '--b'], { encoding: 'utf8' }),
    ) as object;
    expect(said).toMatchObject({ args: ['a', '--b'] });
    expect(spawnSync(process.execPath, [launch]).status).toBe(2);
  });

  it('ends as the program ends when it is told to, in a limited group with a heap that fits', async () => {
    const group = limitedGroup(256 * MIB);
    // The group is entered before Node starts, as in a container; elsewhere the program runs in the same process.
    const enter = group === undefined ? '' : `echo $$ > ${group.tasks};`;
    const child = spawn('sh', ['-c', `${enter} exec "$@"`, 'sh', process.execPath, launch, program, 'stay'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout.once('data', (text: Buffer) => resolve(text.toString())),
    );
    const { heap, pid } = JSON.parse(line) as { heap: number; pid: number };
    expect(pid === child.pid).toBe(group === undefined);
    if (group !== undefined) expect(heap / MIB).toBeLessThan(256 * 0.8);
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill('SIGTERM');
    expect(await ended).toBe(7);
    group?.remove();
  });
});

describe('a release', () => {
  it('is refused unless its base is pinned by a digest', () => {
    const refuse = path.resolve(import.meta.dirname, '../deploy/docker/refuse-unpinned.mjs');
    const status = (...args: string[]): number | null => spawnSync(process.execPath, [refuse, ...args]).status;
    expect(status('0', 'node:20-bookworm-slim')).toBe(0);
    expect(status('1', 'node:20-bookworm-slim')).toBe(1);
    expect(status('1', `node:20-bookworm-slim@sha256:${'0'.repeat(63)}`)).toBe(1);
    expect(status('1', `node:20-bookworm-slim@sha256:${'0'.repeat(64)}`)).toBe(0);
    expect(status('yes', 'node')).toBe(2);
  });
});
