import { parse } from 'yaml';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connected, startAdminServer, type AdminServer } from './testing/admin-server.js';
import { createCommandLine, type CommandLine } from './testing/run-command.js';

let server: AdminServer;
let cli: CommandLine;

beforeAll(async () => {
  server = await startAdminServer();
  cli = createCommandLine(connected(server));
});
beforeEach(() => server.answers.clear());
afterAll(() => server.close());

const list = ['logout', 'deliveries', 'list'];
const listed = 'GET /logout/deliveries?limit=200';

// ESC, the 8-bit CSI, BEL, DEL, a line end, and an override of the direction.
const hostile = 'a\u001b[31mb\u009b2Jc\u0007d\u007fe\nf\u202eg\u2066h\u2028i';
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

async function print(rows: readonly object[], format: string): Promise<string> {
  server.answers.set(listed, { status: 200, body: rows });
  const { exitCode, stdout, stderr } = await cli.run([...list, '--format', format]);
  expect([exitCode, stderr]).toEqual([0, '']);
  return stdout;
}

describe('a stored text that would steer the terminal', () => {
  const rows = [{ id: '1', client_id: hostile, problem: { [hostile]: [hostile] } }];

  it('is escaped as JSON, and read back whole', async () => {
    const printed = await print(rows, 'json');
    expect(printed).not.toMatch(steering);
    expect(JSON.parse(printed)).toEqual(rows);
  });

  it('is escaped as YAML, and read back whole', async () => {
    const printed = await print(rows, 'yaml');
    expect(printed).not.toMatch(steering);
    expect(parse(printed)).toEqual(rows);
  });

  it('is escaped in a table, in which it stays one line', async () => {
    const printed = await print(rows, 'table');
    expect(printed).not.toMatch(steering);
    expect(printed).toContain('a\\u001b[31mb\\u009b2Jc\\u0007d\\u007fe\\u000af\\u202eg\\u2066h\\u2028i');
    expect(printed.split('\n')).toHaveLength(3);
  });

  it.each([
    ['clients get', ['clients', 'get', 'x'], 'GET /clients/x', { id: 'x', client_name: hostile }],
    ['clients list', ['clients', 'list'], 'GET /clients', { x: { id: 'x', client_name: hostile } }],
    ['clients create', ['clients', 'create'], 'POST /clients', { id: hostile, client_secret: hostile }],
    ['keys get', ['keys', 'get', 'x'], 'GET /keys/x', { keys: [{ kid: hostile }] }],
    ['groups find', ['groups', 'find', 'x'], 'GET /warden/groups?member=x', [hostile]],
    ['policies get', ['policies', 'get', 'x'], 'GET /policies/x', { description: hostile }],
    ['a refusal', ['policies', 'get', 'x'], 'GET /policies/x', `${hostile}`],
  ])('does not reach the terminal from %s without a format', async (_title, args, request, body) => {
    server.answers.set(request, { status: request.startsWith('POST') ? 201 : 200, body });
    const { stdout, stderr } = await cli.run(args);
    expect(stdout + stderr).toContain('a');
    expect(stdout + stderr).not.toMatch(steering);
  });
});

describe('a table', () => {
  it('is aligned by what a terminal shows, with a dash where nothing is', async () => {
    const rows = [
      { id: '1', client_id: '日本', subject: 'x' },
      { id: '22', client_id: 'ab', subject: ['y', 'z'], state: '' },
    ];
    const [head = '', first = '', second = ''] = (await print(rows, 'table')).split('\n');
    const column = head.indexOf('SUBJECT');
    expect(first.indexOf('x')).toBe(column - 2);
    expect(second.indexOf('y, z')).toBe(column);
    expect(second).toMatch(/^22 {2}- {6}ab/);
  });
});

describe('a failure with --format json', () => {
  const asJson = [...list, '--format=json'];

  it('is a line of JSON on stderr, with the answer of the server', async () => {
    server.answers.set(listed, { status: 403, body: { error: 'request_forbidden', error_description: hostile } });
    const { exitCode, stdout, stderr } = await cli.run(asJson);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).not.toMatch(steering);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        message: 'Could not list deliveries: Expected status code 200, got 403.',
        exit_code: 1,
        status: 403,
        answer: { error: 'request_forbidden', error_description: hostile },
      },
    });
  });

  it('is one on stderr too where the client cannot authenticate', async () => {
    const { exitCode, stdout, stderr } = await cli.run(asJson, { env: { CLIENT_SECRET: 'wrong' } });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { message: expect.stringMatching(/^Could not authenticate/) as string },
    });
  });

  it.each([
    [[...asJson, '--frobnicate'], "unknown option '--frobnicate'"],
    [[...asJson, 'more'], 'too many arguments'],
    [[...list, '--format', 'json', '--state', 'odd'], 'the flag --state must be pending or dead'],
    [['logout', '--format', 'json'], "unknown option '--format'"],
  ])('of usage is one: %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await cli.run(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    const { error } = JSON.parse(stderr) as { error: { message: string } };
    expect(error).toMatchObject({ exit_code: 2 });
    expect(error.message).toContain(message);
  });

  it('leaves only JSON on stderr, notes included', async () => {
    server.answers.set(listed, { status: 404, body: {} });
    const { stderr } = await cli.run([...asJson, '--skip-tls-verify']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toEqual([['note'], ['error']]);
  });
});

describe('another format', () => {
  it('is wrong usage, before any request', async () => {
    const sent = server.seen.length;
    const { exitCode, stderr } = await cli.run([...list, '--format', 'xml']);
    expect([exitCode, server.seen.length]).toEqual([2, sent]);
    expect(stderr).toContain('It must be one of json, yaml, table.');
  });
});
