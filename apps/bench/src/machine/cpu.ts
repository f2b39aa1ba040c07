import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

// Linux counts the CPU time of processes in hundredths of a second (USER_HZ), on every architecture that Node runs on.
const usPerTick = 10_000;

/** CPU time that a process used until now in all its threads, in microseconds; undefined where /proc does not tell. */
export function cpuOf(pid: number): number | undefined {
  const fields = readStat(pid);
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * usPerTick;
}

/** CPU time of a process and of everything it started, also of what has ended since, in microseconds. */
export function cpuOfTree(pid: number): number | undefined {
  const own = readStat(pid);
  if (own === undefined) return undefined;
  let total = ticks(own, [11, 12, 13, 14]);
  for (const child of childrenOf(pid)) {
    const fields = readStat(child);
    if (fields !== undefined) total += ticks(fields, [11, 12, 13, 14]);
  }
  return total * usPerTick;
}

/** Resident memory of some processes together, in bytes. */
export function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentOf(pid), 0);
}

/** What all cores of the machine did until now and could have done, in microseconds. */
export function machineCpu(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of os.cpus()) {
    const worked = times.user + times.nice + times.sys + times.irq;
    busy += worked * 1000;
    total += (worked + times.idle) * 1000;
  }
  return { busy, total };
}

function residentOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The fields of /proc/PID/stat after the name, which may hold blanks: [0] is the state, [1] the parent. */
function readStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function ticks(fields: readonly string[], places: readonly number[]): number {
  return places.reduce((sum, place) => sum + Number(fields[place] ?? 0), 0);
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readStat(Number(name))?.[1] === String(pid))
    .map(Number);
}
