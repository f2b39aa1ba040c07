import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { wardenV1 } from '@castellan/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const published = ['sdk', 'rpc'] as const;

type Manifest = {
  readonly private?: boolean;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
};
type Packed = { readonly manifest: Manifest; readonly files: readonly string[] };

/** An empty folder in which the packed packages are installed, with their declared dependencies and nothing else. */
let folder: string;
const packages = new Map<string, Packed>();

async function install(name: string): Promise<Packed> {
  const arguments_ = [
    'pack',
    path.join(root, 'libs', name),
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ];
  const { stdout } = await run('npm', arguments_, { cwd: folder });
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  const home = path.join(folder, 'node_modules', '@castellan', name);
  mkdirSync(home, { recursive: true });
  await run('tar', ['-xzf', path.join(folder, packed.filename), '-C', home, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as Manifest;
  return { manifest, files: packed.files.map((file) => file.path) };
}

function link(dependency: string): void {
  const at = path.join(folder, 'node_modules', dependency);
  mkdirSync(path.dirname(at), { recursive: true });
  symlinkSync(path.join(root, 'node_modules', dependency), at);
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'castellan-sdk-'));
  writeFileSync(path.join(folder, 'package.json'), '{"name":"app","private":true,"type":"module"}');
  for (const name of published) packages.set(`@castellan/${name}`, await install(name));
  const dependencies = [...packages.values()].flatMap(({ manifest }) => Object.keys(manifest.dependencies ?? {}));
  for (const name of new Set(dependencies)) if (!name.startsWith('@castellan/')) link(name);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed packages', () => {
  it('hold what runs, and neither tests nor sources', () => {
    for (const [name, { files, manifest }] of packages) {
      expect(files, name).toContain('dist/index.js');
      expect(files, name).toContain('dist/index.d.ts');
      const odd = files.filter((file) => /\.test\.|testing\/|tsbuildinfo|\.map$|^src\//.test(file));
      expect(odd, name).toEqual([]);
      expect(manifest.private, name).not.toBe(true);
    }
    expect(packages.get('@castellan/sdk')?.files).toContain('README.md');
  });

  it('depend on one another in the version that is packed, and on no other package of this repository', () => {
    for (const { manifest } of packages.values()) {
      const own = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@castellan/'));
      for (const [name, version] of own) expect([name, packages.get(name)?.manifest.version]).toEqual([name, version]);
    }
  });

  it('can be imported into an empty folder, and check', async () => {
    const server = new Server();
    server.addService(wardenV1.WardenService, {
      check(call: ServerUnaryCall<wardenV1.CheckRequest, wardenV1.CheckResponse>, answer: sendUnaryData<unknown>) {
        answer(null, { allowed: call.request.subject === 'peter', reason: 0, revision: 7 });
      },
    } as never);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    writeFileSync(path.join(folder, 'app.js'), program);
    try {
      const { stdout } = await run(process.execPath, ['app.js', `127.0.0.1:${port}`], { cwd: folder, env: {} });
      expect(JSON.parse(stdout)).toEqual([true, false, 'function', 'function']);
    } finally {
      server.forceShutdown();
    }
  }, 180_000);

  it('have types that a strict program compiles with', async () => {
    link('@types/node');
    link('undici-types');
    writeFileSync(path.join(folder, 'app.ts'), typedProgram);
    const compiler = path.join(root, 'node_modules/ts7/bin/tsc');
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', 'app.ts'];
    const compiled = await run(process.execPath, [compiler, '--ignoreConfig', ...flags], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    expect(compiled.stdout).toBe('');
  }, 120_000);
});

const program = `
import { createWardenClient, expressGuard } from '@castellan/sdk';
import { createLoginConsentClient } from '@castellan/sdk/login-consent';
const warden = createWardenClient({ target: process.argv[2], security: { kind: 'plaintext' }, deadlineMs: 30000 });
const may = async (subject) => (await warden.check({ subject, resource: 'r', action: 'a' })).allowed;
console.log(JSON.stringify([await may('peter'), await may('eve'), typeof expressGuard, typeof createLoginConsentClient]));
warden.close();
`;

const typedProgram = `
import { createClientCredentials, createWardenClient, type WardenDecision } from '@castellan/sdk';
const tokens = createClientCredentials({ tokenUrl: 'https://h/t', clientId: 'a', clientSecret: 'b', scope: 'hydra.warden' });
const warden = createWardenClient({ target: 'h:1', security: { kind: 'token', tokens }, transport: 'stream' });
const decision: WardenDecision = await warden.check({ subject: 's', resource: 'r', action: 'a' });
export const reason: string = decision.allowed ? '' : decision.reason;
`;
