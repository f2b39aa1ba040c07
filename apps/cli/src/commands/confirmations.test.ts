import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Answer } from '../testing/admin-server.js';
import { connectCommandLine } from '../testing/connected-command-line.js';
import { samplePolicy as policy } from '../testing/sample-policy.js';

const { server, cli } = await connectCommandLine();

/** Commands that only confirm, what the server answers, and what --format gives of it. */
const confirmations: readonly { args: string; answers: Readonly<Record<string, Answer>>; value: unknown }[] = [
  { args: 'groups delete g', answers: { 'DELETE /warden/groups/g': { status: 204 } }, value: { deleted: 'g' } },
  {
    args: 'groups members add g a b',
    answers: { 'POST /warden/groups/g/members': { status: 204 } },
    value: { id: 'g', added: ['a', 'b'] },
  },
  {
    args: 'groups members remove g a',
    answers: { 'DELETE /warden/groups/g/members': { status: 204 } },
    value: { id: 'g', removed: ['a'] },
  },
  { args: 'keys delete s', answers: { 'DELETE /keys/s': { status: 204 } }, value: { deleted: 's' } },
  { args: 'delete jwks s', answers: { 'DELETE /keys/s': { status: 204 } }, value: { deleted: 's' } },
  {
    args: 'resource-servers delete photos',
    answers: { 'DELETE /resource-servers/photos': { status: 204 } },
    value: { deleted: 'photos' },
  },
  {
    args: 'policies create --id p1 --actions read --resources r --subjects peter',
    answers: { 'POST /policies': { status: 201, body: policy } },
    value: policy,
  },
  {
    args: 'policies delete p1 p2',
    answers: { 'DELETE /policies/p1': { status: 204 }, 'DELETE /policies/p2': { status: 204 } },
    value: [{ deleted: 'p1' }, { deleted: 'p2' }],
  },
  {
    args: 'policies actions add p1 x',
    answers: { 'GET /policies/p1': { status: 200, body: policy }, 'PUT /policies/p1': { status: 200, body: policy } },
    value: policy,
  },
  {
    args: 'policies rollback p1 --to 1',
    answers: { 'POST /policies/p1/rollback': { status: 200, body: policy } },
    value: policy,
  },
  {
    args: 'token revoke-grants --client c',
    answers: { 'DELETE /grants?client_id=c': { status: 204 } },
    value: { revoked: true },
  },
  {
    args: 'login-sessions revoke --subject alice',
    answers: { 'DELETE /admin/oauth2/auth/sessions/login?subject=alice': { status: 204 } },
    value: { revoked: true },
  },
  {
    args: 'consents revoke --id c1',
    answers: { 'DELETE /admin/oauth2/auth/sessions/consent?consent_request_id=c1': { status: 204 } },
    value: { revoked: true },
  },
  {
    args: 'logout deliveries retry 7',
    answers: { 'POST /logout/deliveries/7/retry': { status: 200, body: { id: '7', state: 'pending' } } },
    value: [{ retried: '7' }],
  },
  {
    args: 'logout deliveries discard 7 8',
    answers: { 'DELETE /logout/deliveries/7': { status: 204 }, 'DELETE /logout/deliveries/8': { status: 204 } },
    value: [{ discarded: '7' }, { discarded: '8' }],
  },
];

describe('a command that only confirms', () => {
  it.each(confirmations)('$args gives a value with --format', async ({ args, answers, value }) => {
    for (const [request, answer] of Object.entries(answers)) server.answers.set(request, answer);
    const json = await cli.run([...args.split(' '), '--format', 'json']);
    expect([json.exitCode, json.stderr]).toEqual([0, '']);
    expect(JSON.parse(json.stdout)).toEqual(value);
    const yaml = await cli.run([...args.split(' '), '--format', 'yaml']);
    expect(parse(yaml.stdout)).toEqual(value);
    const dry = await cli.run([...args.split(' '), '--format', 'json', '--dry']);
    expect(dry.stdout).toContain('curl');
  });

  it('gives what an import came to', async () => {
    const file = join(cli.home, 'policies.json');
    writeFileSync(file, JSON.stringify({ policies: [policy] }));
    const counts = { created: 1, updated: 0, removed: 0, unchanged: 0, revision: 7 };
    server.answers.set('POST /policy-imports', { status: 201, body: { id: 'i' } });
    server.answers.set('POST /policy-imports/i/policies', { status: 204 });
    server.answers.set('POST /policy-imports/i/commit', { status: 200, body: counts });
    const { exitCode, stdout } = await cli.run(['policies', 'import', '--file', file, '--format', 'json']);
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, counts]);
  });

  it('gives no token that was revoked', async () => {
    server.answers.set('POST /oauth2/revoke', { status: 200 });
    const { exitCode, stdout } = await cli.run(['token', 'revoke', 'ct_at_x.y', '--format', 'json']);
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, { revoked: true }]);
  });

  it('gives what was done before a failure', async () => {
    server.answers.set('DELETE /policies/p1', { status: 204 });
    server.answers.set('DELETE /policies/p2', { status: 403, body: { error: 'The request is not allowed' } });
    const { exitCode, stdout, stderr } = await cli.run(['policies', 'delete', 'p1', 'p2', 'p3', '--format', 'json']);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual([{ deleted: 'p1' }]);
    expect(stderr).toContain('Could not delete policy');
    expect(server.seen.map(({ path }) => path)).not.toContain('/policies/p3');
  });
});
