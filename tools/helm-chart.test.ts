import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import yaml from 'yaml';
import { programVariables } from '../apps/cli/src/configuration/variables.js';
// @ts-expect-error a plain script: deploy/helm/check runs it without a build of its own
import { problemsOf } from '../deploy/helm/policies.mjs';

type Manifest = { kind: string; metadata: { name: string }; spec: Record<string, any> };

const golden = path.resolve(import.meta.dirname, '../deploy/helm/golden');

function manifests(scenario: string): Manifest[] {
  const documents = yaml.parseAllDocuments(readFileSync(path.join(golden, `${scenario}.yaml`), 'utf8'));
  return documents.map((document) => document.toJSON() as Manifest | null).filter((one) => one !== null);
}

function problems(resources: readonly Manifest[]): string[] {
  return problemsOf(resources, programVariables) as string[];
}

function find(resources: readonly Manifest[], kind: string, name: string): Manifest {
  const found = resources.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

// What the chart renders, as deploy/helm/check wrote it down; Go and helm are not needed to look at it.
describe('the Helm chart', () => {
  it.each(readdirSync(golden).map((file) => path.basename(file, '.yaml')))(
    'in the scenario %s holds to its policies and sets only variables that the services know',
    (scenario) => {
      expect(problems(manifests(scenario))).toEqual([]);
    },
  );

  type Change = (resources: Manifest[]) => void;
  const container = (resources: Manifest[], name: string): any =>
    find(resources, 'Deployment', name).spec['template'].spec.containers[0];

  it.each<[string, Change, RegExp]>([
    [
      'a variable that no schema knows',
      (r) => container(r, 'castellan-token').env.push({ name: 'ISSUR', value: 'x' }),
      /ISSUR/,
    ],
    [
      'another service’s secret',
      (r) => container(r, 'castellan-gateway').env.push({ name: 'SYSTEM_SECRET' }),
      /SYSTEM_SECRET/,
    ],
    ['a privileged container', (r) => (container(r, 'castellan-keys').securityContext.privileged = true), /privileges/],
    ['a container without a limit', (r) => delete container(r, 'castellan-keys').resources.limits, /limit/],
    [
      'a probe of a port that is not there',
      (r) => (container(r, 'castellan-admin').readinessProbe.httpGet.port = 'http2'),
      /readinessProbe/,
    ],
    [
      'a writable root',
      (r) => (container(r, 'castellan-token').securityContext.readOnlyRootFilesystem = false),
      /write its root/,
    ],
    [
      'an edge too many in the network',
      (r) =>
        find(r, 'NetworkPolicy', 'castellan-gateway').spec['egress'].push({
          to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'warden' } } }],
        }),
      /lets gateway call/,
    ],
    [
      'a database open to a door',
      (r) => find(r, 'NetworkPolicy', 'castellan-gateway').spec['egress'].push({ ports: [{ port: 5432 }] }),
      /PostgreSQL open/,
    ],
    [
      'no denial by default',
      (r) => r.splice(r.indexOf(find(r, 'NetworkPolicy', 'castellan-default-deny')), 1),
      /denies by default/,
    ],
    [
      'a certificate of another service',
      (r) => (find(r, 'Certificate', 'castellan-token').spec['uris'] = ['spiffe://castellan/keys']),
      /name its service/,
    ],
    [
      'a service at the wrong address',
      (r) => (find(r, 'Service', 'castellan-keys').spec['ports'][0].port = 1),
      /another one/,
    ],
    [
      'a rendered secret',
      (r) => r.push({ kind: 'Secret', metadata: { name: 's' }, spec: {} }),
      /rendered by the chart/,
    ],
  ])('is refused with %s', (_what, change, expected) => {
    const resources = manifests('cert-manager');
    change(resources);
    expect(problems(resources).join('\n')).toMatch(expected);
  });
});
