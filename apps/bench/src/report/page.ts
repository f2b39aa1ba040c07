import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MachineDescription } from '../machine/description.js';
import { median } from '../statistics.js';
import { isReached, type Row, type ScenarioResult } from '../scenario.js';
import { drawBars, drawLines } from './chart.js';
import { markdownTable } from './markdown-table.js';
import { writeLimits } from './limits.js';
import { figure, groupByWork, writeMarkdownTables, writeRatios } from './table.js';

/** What a run was: the results, and where and how long they were measured. */
export type Report = {
  readonly machine: MachineDescription;
  readonly effort: { readonly rounds: number; readonly seconds: number; readonly connections: number };
  readonly generator: string;
  readonly results: readonly ScenarioResult[];
  /** Scenarios that there are and that have no results here, by their titles. */
  readonly left?: readonly string[];
};

/** Writes the page for people, and its charts into the folder `images` beside it. */
export function writePage(file: string, report: Report): void {
  const images = path.join(path.dirname(file), 'images');
  mkdirSync(images, { recursive: true });
  const judged = crowd(report.results) <= mostCrowded;
  const measured = report.results.filter(({ rows }) => rows.length > 0);
  const sections = measured.map((result) => {
    const charts = chartsOf(result).map(({ name, title, svg }) => {
      writeFileSync(path.join(images, name), svg);
      return `![${title}](images/${name})`;
    });
    const origin = result.origin === undefined ? [] : [`_This scenario was ${result.origin}._`];
    return [`### ${result.id}: ${result.title}`, ...origin, ...charts, writeMarkdownTables(result, judged)].join(
      '\n\n',
    );
  });
  const parts = [
    head(report),
    targets(report.results, judged),
    '## Results',
    omissions(report),
    ...sections,
    judged ? sizing(report.results) : '',
    repeat,
  ];
  writeFileSync(file, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
}

// Beyond that figures are of the crowd more than of who is measured.
const mostCrowded = 0.4;

/** The share of the machine that others used in the worst round of a figure, of all figures the middle. */
function crowd(results: readonly ScenarioResult[]): number {
  const shares = results.flatMap(({ rows }) => rows.flatMap(({ strangers }) => strangers ?? []));
  return shares.length === 0 ? 0 : median(shares);
}

/** How much others used of the machine, in words; a shared machine makes figures less sure. */
function company(results: readonly ScenarioResult[]): string {
  const usual = crowd(results);
  const said = `In the worst round of a figure other programs used ${percent(usual)} of the machine in the middle of all figures.`;
  if (usual <= 0.1) return said;
  if (usual <= mostCrowded)
    return `**This was a shared machine.** ${said} Throughput and p99 suffer from that on all sides, ratios less.`;
  return (
    `**This was a shared machine, and a crowded one.** ${said} Servers had a small part of a core each and ran much of the ` +
    'time in code that the runtime had not compiled yet. The figures show that every scenario works and how contenders fare ' +
    'under such pressure; they do not show what the product can do, and nothing about targets follows from them. Scenarios ' +
    'that were measured by themselves were so in short runs. Repeat the run on a machine that is left alone.'
  );
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function omissions({ left = [] }: Report): string {
  if (left.length === 0) return '';
  return ['Not in this report; `--only` measures them:', left.map((title) => `- ${title}`).join('\n')].join('\n\n');
}

function head({ machine, effort, generator, results }: Report): string {
  return `# Performance

This page is written by the benchmark suite (\`apps/bench\`); do not edit it by hand. Every figure comes from one run.
**Ratios between figures of one run count; absolute figures belong to the machine that they were measured on.**

## Method

- The product and its peers run on the same machine in the same run and are measured in turn (A B A B). A figure is the
  median of its rounds: ${effort.rounds} of ${effort.seconds} s after a warm-up, with ${effort.connections} connections that ask again as soon as an answer comes.
- PostgreSQL is the one that ships with the product, one server with a database for each contender, and as durable as in
  production: \`fsync\`, \`synchronous_commit\` and \`full_page_writes\` are on. The peer's table is filled and analysed before its
  server starts; all statistics are refreshed after the warm-up, so that no statement keeps a plan for an empty table.
- Load comes from processes of its own (${generator}). A contender that answers wrongly fails the run.
- CPU per request is the time of all threads of all server processes, and of PostgreSQL with all its backends, divided by
  the requests that were answered. It is steadier than requests per second.
- A round during which other programs used more than a fifth of the machine is repeated, twice at most.
- Nothing that makes the product safe is switched off. Access logs are, since no peer writes one; RSA keys have 2048 bits
  on both sides; all speak plain HTTP to the load generator, and separate services speak mutual TLS among themselves.

Measured on: ${machine.cores} cores (${machine.processor}), ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}; ${machine.layout};
commit ${machine.commit}, ${machine.startedAt}.

${company(results)}`;
}

function targets(results: readonly ScenarioResult[], judged: boolean): string {
  const bound = results.flatMap(({ ratios }) => ratios).filter((ratio) => ratio.target !== undefined);
  if (bound.length === 0) return '';
  if (!judged)
    return [
      '## Targets',
      'Ratios as measured, beside what is aimed at. No verdict is given: on a machine so crowded there is none.',
      writeRatios(bound, false),
    ].join('\n\n');
  const reached = bound.filter((ratio) => isReached(ratio) === true).length;
  const limits = writeLimits(bound);
  return [
    '## Targets',
    `${reached} of ${bound.length} are reached.`,
    writeRatios(bound, true),
    ...(limits === '' ? [] : ['### What limits those that are missed', limits]),
  ].join('\n\n');
}

/** What the figures mean for somebody who has to buy machines: from CPU time, which adds up. */
function sizing(results: readonly ScenarioResult[]): string {
  const lines = results.flatMap(({ rows }) =>
    rows.flatMap(({ contender, work, serverUs, databaseUs }) => {
      if (contender !== 'castellan host' || serverUs === undefined || databaseUs === undefined) return [];
      return [[work, figure(1e6 / serverUs), figure(databaseUs / serverUs)]];
    }),
  );
  if (lines.length === 0) return '';
  return `## Sizing

CPU time adds up: what a deployment needs is the sum over its kinds of requests. For one process (\`castellan host\`) on a
machine of this class; plan to use half of it, so that latency stays low when a replica is lost. The gap between one
connection and many (CONNECTIONS) is batching: a busy database does less per request than an idle one, so the first core
of a deployment is the dearest. Memory at rest is in P-12; policies add about half a kilobyte each to every Warden (P-9),
and stored tokens cost disk alone (P-13).

${markdownTable(['work', 'per second for one core of the server', 'cores of the database beside it'], lines)}`;
}

const repeat = `## How to repeat

\`\`\`
npm ci
npm run bench -- --markdown docs/performance.md --json results.json
npm run bench -- --list
npm run bench -- --only P-1 --quick
npm run bench -- --only P-1 --connections 256
npm run bench -- --only P-13 --json growth.json
npm run bench -- --with growth.json --markdown docs/performance.md
npm run bench -- --guard
\`\`\`

Leave the machine alone meanwhile. \`wrk\` is used where it is on PATH, autocannon otherwise; \`redis-server\` is started for the
separate services where it is there. A run takes about a quarter of an hour, \`--quick\` a minute or two; P-13 stores ten
million tokens and is run on demand. \`--guard\` compares CPU per request against peers with \`apps/bench/recorded.json\` and
fails when a ratio has dropped by more than 30 % in two tries ([why](adr/0160-speed-is-guarded-by-cpu-ratios.md));
\`--guard --record\` writes that file.`;

/** What is not ours is grey in charts. */
const peer = /^(oidc-provider|Fastify|Nest|empty handler|literal|casbin|cedar)/;

type Chart = { readonly name: string; readonly title: string; readonly svg: string };

function chartsOf({ id, title, rows }: ScenarioResult): Chart[] {
  const slug = id.toLowerCase();
  if (id === 'P-9') {
    const contenders = [...new Set(rows.map(({ contender }) => contender))];
    const lines = contenders.map((label) => ({
      label,
      ours: label === 'castellan',
      points: rows
        .filter((row) => row.contender === label && /^[\d,]+ policies$/.test(row.work))
        .map((row) => ({ x: Number(row.work.replace(/\D/g, '')), y: row.serverUs ?? NaN })),
    }));
    const heading = `${title}: CPU per decision against the number of policies`;
    return [{ name: `bench-${slug}.svg`, title: heading, svg: drawLines(heading, 'us', lines) }];
  }
  if (id === 'P-13') return growthCharts(rows);
  return [
    ...bars(`bench-${slug}-rate.svg`, `${title}: per second`, '/s', rows, ({ perSecond }) => perSecond),
    ...bars(`bench-${slug}-p99.svg`, `${title}: p99 latency`, 'ms', rows, ({ p99Ms }) => p99Ms),
  ];
}

/** Cost against size, a line for each work. */
function growthCharts(rows: readonly Row[]): Chart[] {
  const lines = groupByWork(rows.filter(({ timesFloor }) => timesFloor !== undefined)).map(([label, group]) => ({
    label,
    ours: true,
    points: group.map(({ size = 1, timesFloor = NaN }) => ({ x: size, y: timesFloor })),
  }));
  const title = 'CPU per request against what is stored, as multiples of an empty handler';
  return lines.length === 0 ? [] : [{ name: 'bench-p-13.svg', title, svg: drawLines(title, 'x', lines) }];
}

function bars(
  name: string,
  title: string,
  unit: string,
  rows: readonly Row[],
  read: (row: Row) => number | undefined,
): Chart[] {
  const groups = groupByWork(rows).flatMap(([label, group]) => {
    const drawn = group.flatMap((row) => {
      const value = read(row);
      return value === undefined ? [] : [{ label: row.contender, value, ours: !peer.test(row.contender) }];
    });
    return drawn.length === 0 ? [] : [{ label, bars: drawn }];
  });
  return groups.length === 0 ? [] : [{ name, title, svg: drawBars(title, unit, groups) }];
}
