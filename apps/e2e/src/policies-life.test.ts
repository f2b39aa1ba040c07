import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from './http.js';
import {
  CLI,
  type CommandLine,
  connectedCommandLine,
  makeDatabase,
  migrateSql,
  type Product,
  type ProductDatabase,
  rootToken,
  startProduct,
} from './product.js';
import { type Ended, run } from './program.js';

/** More than one request of an import holds, and more than is done in silence. */
const MANY = 5_000;

describe('the life of policies on the command line', () => {
  let database: ProductDatabase;
  let product: Product;
  let cli: CommandLine;

  const file = (name: string): string => path.join(cli.home, name);
  const write = (name: string, content: unknown): string => {
    writeFileSync(file(name), name.endsWith('.json') ? JSON.stringify(content) : stringify(content));
    return file(name);
  };
  const castellan = (...args: string[]): Promise<Ended> =>
    run(CLI, [...args, '--skip-tls-verify'], { env: { HOME: cli.home }, timeoutMs: 240_000 });
  async function succeed(...args: string[]): Promise<string> {
    const ended = await castellan(...args);
    expect([ended.code, ended.stderr.includes('Error')], `${args.join(' ')}: ${ended.stderr}${ended.stdout}`).toEqual([
      0,
      false,
    ]);
    return ended.stdout;
  }
  async function json(...args: string[]): Promise<Record<string, unknown>[]> {
    return JSON.parse(await succeed(...args, '--format', 'json')) as Record<string, unknown>[];
  }
  async function isAllowed(subject: string, action: string, resource: string): Promise<boolean> {
    const bearer = await rootToken(product);
    const ask = () =>
      send(`${product.adminUrl}/warden/allowed`, {
        bearer,
        json: { subject, action, resource, context: { ip: '10.0.0.1', note: 'private' } },
      });
    let answer = await ask();
    // An outage is no answer: a busy machine may take longer to read what was imported than a check may wait.
    while (answer.status === 503) answer = await ask();
    expect(answer.status, answer.text).toBe(200);
    return (JSON.parse(answer.text) as { allowed: boolean }).allowed;
  }
  const policy = (id: string, members: object = {}): Record<string, unknown> => ({
    id,
    subjects: ['peter'],
    actions: ['read'],
    resources: [`${id}:<.*>`],
    effect: 'allow',
    ...members,
  });

  beforeAll(async () => {
    database = await makeDatabase();
    await migrateSql(database.url);
    const env = { WARDEN_DECISION_LOG: 'table,stdout', WARDEN_DECISION_LOG_CONTEXT: 'ip' };
    product = await startProduct({ mode: 'host', databaseUrl: database.url, env });
    cli = await connectedCommandLine(product);
  }, 240_000);

  afterAll(async () => {
    cli?.remove();
    await product?.stop();
    await database?.drop();
  });

  it('history tells every version, and rollback stores a former one as the newest', async () => {
    write('articles.json', policy('articles'));
    await succeed('policies', 'create', '-f', file('articles.json'));
    write('denied.yaml', [policy('articles', { effect: 'deny' })]);
    await succeed('policies', 'import', '-f', file('denied.yaml'), '--reason', 'closed for the holidays');
    expect(await isAllowed('peter', 'read', 'articles:1')).toBe(false);
    expect(await succeed('policies', 'rollback', 'articles', '--to', '1', '--reason', 'open again')).toContain(
      'what it was at version 1',
    );
    expect(await isAllowed('peter', 'read', 'articles:1')).toBe(true);

    const versions = await json('policies', 'history', 'articles');
    expect(versions).toMatchObject([
      { version: 3, changed_by: 'admin', reason: 'back to version 1: open again', policy: { effect: 'allow' } },
      { version: 2, changed_by: 'admin', reason: 'closed for the holidays', policy: { effect: 'deny' } },
      { version: 1, changed_by: 'admin', reason: '', policy: { effect: 'allow' } },
    ]);
    const table = await succeed('policies', 'history', 'articles', '--limit', '1');
    expect(table).toMatch(
      /^VERSION +CHANGED AT +CHANGED BY +REVISION +WHAT +REASON\n3 .*allow: 1 subject.*back to version 1: open again\n$/,
    );
    expect(parse(await succeed('policies', 'history', 'articles', '--format', 'yaml'))).toEqual(versions);

    expect((await castellan('policies', 'history', 'nobody')).code).toBe(1);
    const none = await castellan('policies', 'rollback', 'articles', '--to', '9');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('Could not roll back the policy')]);
    expect((await castellan('policies', 'rollback', 'articles')).code).toBe(2);
  }, 120_000);

  it('a policy has a validity from the command line', async () => {
    const bounds = ['--valid-from', '2020-01-31T08:00:00Z', '--valid-until', '2020-02-01T00:00:00Z'];
    const parts = ['--allow', '-s', 'peter', '-a', 'read', '-r', 'january:<.*>'];
    await succeed('policies', 'create', '-i', 'january', ...parts, ...bounds);
    expect(await isAllowed('peter', 'read', 'january:1')).toBe(false);
    const bad = await castellan('policies', 'create', '-i', 'never', ...parts, '--valid-from', 'tomorrow');
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('valid_from')]);
    expect((await castellan('policies', 'get', 'never')).code).toBe(1);
  }, 120_000);

  it.each(['json', 'yaml'])(
    'what export writes as %s, import takes back unchanged',
    async (format) => {
      const path = file(`all.${format}`);
      expect(await succeed('policies', 'export', '-o', path)).toMatch(/^Exported \d+ policies of revision \d+ to /);
      const { policies } = parse(readFileSync(path, 'utf8')) as { policies: { id: string }[] };
      expect(policies.map(({ id }) => id)).toContain('articles');
      expect(await succeed('policies', 'export', '--format', format)).toBe(readFileSync(path, 'utf8'));
      expect(await succeed('policies', 'import', '-f', path, '--prune')).toContain(
        `0 created, 0 updated, 0 removed, ${policies.length} unchanged`,
      );
    },
    120_000,
  );

  it('plan shows what an import would change and which recorded answers would flip, and changes nothing', async () => {
    expect(await isAllowed('peter', 'read', 'articles:7')).toBe(true);
    expect(await isAllowed('peter', 'read', 'books:7')).toBe(false);
    await recorded('books:7');
    const planned = write('plan.yaml', { policies: [policy('articles', { effect: 'deny' }), policy('books')] });
    const before = await succeed('policies', 'export');

    const text = await succeed('policies', 'plan', '-f', planned);
    expect(text).toContain('+ books (allow)\n~ articles: effect\n1 to create, 1 to update, 0 to remove, 0 unchanged');
    expect(text).toContain('! peter read articles:7: allowed -> denied (explicit)\n');
    expect(text).toContain('! peter read books:7: denied (default) -> allowed\n');
    const object = JSON.parse(await succeed('policies', 'plan', '-f', planned, '--format', 'json')) as {
      revision: number;
      replay: { flips: object[] };
    };
    expect(object).toMatchObject({ created: ['books'], updated: [{ id: 'articles', members: ['effect'] }] });
    expect(object.replay.flips).toContainEqual(
      expect.objectContaining({ resource: 'books:7', before: 'denied (default)', after: 'allowed' }),
    );
    expect((await castellan('policies', 'plan', '-f', planned, '--fail-on-flip')).code).toBe(1);
    expect(await succeed('policies', 'export')).toBe(before);

    // Somebody is faster: the plan is of another revision.
    const late = ['policies', 'import', '-f', planned, '--if-revision', String(object.revision)];
    await succeed('policies', 'create', '-i', 'meanwhile', '-s', 'x', '-a', 'x', '-r', 'x');
    const refused = await castellan(...late);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('nothing was changed')]);
    expect((await castellan('policies', 'get', 'books')).code).toBe(1);
  }, 120_000);

  it('lint finds what is surely or probably wrong, in a file and on the server', async () => {
    const wrong = write('wrong.yaml', [
      policy('empty', { actions: [] }),
      policy('shadowed', { resources: ['secret:1'] }),
      policy('no-secrets', { effect: 'deny', resources: ['secret:<.*>'] }),
      policy('anybody', { subjects: ['<.*>'], actions: ['<.*>'], resources: ['<.*>'] }),
      policy('dear', { resources: ['a:<(b+)+>'] }),
    ]);
    const ended = await castellan('policies', 'lint', '-f', wrong, '--format', 'json');
    expect(ended.code, ended.stderr).toBe(1);
    const found = (JSON.parse(ended.stdout) as Record<string, unknown>[]).map((one) => [one['policy'], one['rule']]);
    expect(found).toEqual(
      expect.arrayContaining([
        ['empty', 'never_matches'],
        ['shadowed', 'shadowed'],
        ['anybody', 'matches_everything'],
        ['dear', 'expensive_pattern'],
      ]),
    );
    const server = await castellan('policies', 'lint');
    expect([server.code, server.stdout]).toEqual([0, expect.stringContaining('validity_over')]);
    expect(server.stderr).toContain('0 errors');
    expect((await castellan('policies', 'lint', '--strict')).code).toBe(1);
  }, 120_000);

  it('test asks the questions of a file, of the server and of a file of policies', async () => {
    const question = { subject: 'peter', action: 'read', resource: 'articles:1' };
    const good = write('good.yaml', { cases: [{ name: 'Peter reads', ...question, allowed: true }] });
    expect(await succeed('policies', 'test', '-f', good)).toContain('ok   1 Peter reads');

    const policies = write('policies.yaml', [
      policy('articles', { subjects: ['staff'], valid_from: '2030-01-01T00:00:00Z' }),
    ]);
    const groups = [{ id: 'staff', members: ['peter'] }];
    const early = { name: 'not yet', ...question, at: '2029-12-31T23:59:59Z', allowed: false, reason: 'default' };
    const then = { name: 'then', ...question, at: '2030-01-01T00:00:00Z', allowed: true };
    const timed = write('timed.yaml', { groups, cases: [early, then] });
    expect(await succeed('policies', 'test', '-f', timed, '-p', policies)).toContain('ok   2 then');

    const bad = write('bad.yaml', { cases: [{ name: 'nobody reads', ...question, allowed: false }] });
    const failed = await castellan('policies', 'test', '-f', bad);
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('FAIL 1 nobody reads')]);
    expect(failed.stdout).toContain('policy articles (allow) matches peter');
    expect((await castellan('policies', 'test', '-f', timed)).code).toBe(2);
    const odd = write('odd.yaml', { cases: [{ ...question, allowed: true, at_time: 'now' }] });
    expect((await castellan('policies', 'test', '-f', odd)).stderr).toContain('at_time');
  }, 120_000);

  it('decisions are in the table and on standard output, with no more of a context than was chosen', async () => {
    await isAllowed('julia', 'write', 'articles:2');
    await recorded('articles:2');
    const [one] = await json('warden', 'decisions', '--subject', 'julia', '--denied');
    expect(one).toMatchObject({
      subject: 'julia',
      allowed: false,
      reason: 'default',
      context: { ip: '10.0.0.1' },
      redacted: ['note'],
    });
    expect(await succeed('warden', 'decisions', '--subject', 'julia')).toMatch(/^DECIDED AT +ALLOWED +REASON /);
    await expect.poll(() => product.log(), { timeout: 60_000 }).toMatch(/\{"log":"decision".*"subject":"julia"/);
    expect(product.log()).not.toContain('"note":"private"');
    expect(product.log()).not.toMatch(/ct_at_[A-Za-z0-9_-]{20}/);
  }, 120_000);

  it(`an import of ${MANY} policies shows its progress, and stores all of them or none`, async () => {
    const many = Array.from({ length: MANY }, (_, i) => policy(`many-${i}`));
    const broken = write('broken.json', [...many.slice(1), policy('bad', { resources: ['<[>'] })]);
    const refused = await castellan('policies', 'import', '-f', broken);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`policies[${MANY - 1}] (bad)`)]);
    expect((await castellan('policies', 'get', 'many-1')).code).toBe(1);

    const ended = await castellan('policies', 'import', '-f', write('many.json', many));
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain(`[${'#'.repeat(30)}] ${MANY}/${MANY}`);
    expect(ended.stdout).toContain(`${MANY} created, 0 updated, 0 removed, 0 unchanged`);
    const { rows } = await database.query(
      'SELECT count(DISTINCT revision)::int AS n FROM warden.policy_version WHERE policy_id LIKE $1',
      ['many-%'],
    );
    expect(rows).toEqual([{ n: 1 }]);
    expect(await isAllowed('peter', 'read', `many-${MANY - 1}:x`)).toBe(true);
    const exported = await castellan('policies', 'export', '--format', 'json');
    expect(exported.stderr).toContain(`${MANY}`);
    expect((JSON.parse(exported.stdout) as { policies: object[] }).policies.length).toBeGreaterThan(MANY);
  }, 300_000);

  /** Waits until the decision about the resource stands in the table. */
  async function recorded(resource: string): Promise<void> {
    const count = async (): Promise<number> =>
      (await database.query('SELECT 1 FROM warden.decision WHERE resource = $1', [resource])).rows.length;
    await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(0);
  }
});
