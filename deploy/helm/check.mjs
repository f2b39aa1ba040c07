// The chart's check; deploy/helm/check installs the tools and calls it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import yaml from 'yaml';
import { programVariables } from '../../apps/cli/dist/configuration/variables.js';
import { writeKubernetesSchemas } from './kubernetes-schemas.mjs';
import { problemsOf } from './policies.mjs';

const { HELM, KUBECONFORM, KUBERNETES_OPENAPI, KUBERNETES_VERSION } = process.env;
const folder = import.meta.dirname;
const chart = path.join(folder, 'castellan');
const update = process.argv.includes('--update');
const problems = [];
/** Kinds that are no part of Kubernetes: their schemas come with their operators. The policies look at them. */
const extensions = 'Certificate,Issuer,HTTPRoute,ServiceMonitor,PrometheusRule';

function render(values, ...flags) {
  const ended = spawnSync(
    HELM,
    ['template', 'castellan', chart, '-n', 'identity', '--kube-version', KUBERNETES_VERSION, '-f', values, ...flags],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  return { ok: ended.status === 0, text: ended.stdout, error: ended.stderr.trim() };
}

/** Values that must be refused, each with the word that the refusal names. */
const refused = [
  ['issuer: https://id.example.com\nreplicaz: 3\n', 'replicaz'],
  ['issuer: https://id.example.com\ncomponents: { gatway: { replicas: 2 } }\n', 'gatway'],
  [
    'issuer: https://id.example.com\nhttps: { trustedProxies: [10.0.0.0/8] }\ndefaults: { replicas: "two" }\n',
    'replicas',
  ],
  ['issuer: https://id.example.com\n', 'https.trustedProxies'],
  ['https: { trustedProxies: [10.0.0.0/8] }\n', 'issuer'],
  [
    'issuer: https://id.example.com\nhttps: { trustedProxies: [10.0.0.0/8] }\ndefaults: { env: { TOKEN_SECRET: x } }\n',
    'TOKEN_SECRET',
  ],
  [
    'issuer: https://id.example.com\nhttps: { trustedProxies: [10.0.0.0/8] }\nsecrets: { existingSecret: "" }\n',
    'CREDENTIALS',
  ],
  ...[
    ['{ to: [file] }', 'decisionLog'],
    ['{ to: [table], sample: 1.5 }', 'sample'],
    ['{ to: [table], retention: 7d }', 'retention'],
    ['{ to: [table], context: ["ip,email"] }', 'context'],
  ].map(([decisionLog, word]) => [
    `issuer: https://id.example.com\nhttps: { trustedProxies: [10.0.0.0/8] }\ndecisionLog: ${decisionLog}\n`,
    word,
  ]),
];

function checkRefusals(scratch) {
  for (const [values, word] of refused) {
    const file = path.join(scratch, 'refused.yaml');
    writeFileSync(file, values);
    const rendered = render(file);
    if (rendered.ok) problems.push(`these values should be refused: ${JSON.stringify(values)}`);
    else if (!rendered.error.includes(word)) problems.push(`a refusal does not name ${word}: ${rendered.error}`);
  }
  return refused.length;
}

function compareGolden(name, text) {
  const file = path.join(folder, 'golden', `${name}.yaml`);
  if (update) return writeFileSync(file, text);
  if (!existsSync(file)) return problems.push(`${name}: no golden file; run deploy/helm/check --update and look at it`);
  if (readFileSync(file, 'utf8') === text) return undefined;
  const difference = spawnSync('diff', ['-u', file, '-'], { input: text, encoding: 'utf8' }).stdout;
  return problems.push(
    `${name}: differs from its golden file (deploy/helm/check --update, then read the diff)\n${difference.slice(0, 4000)}`,
  );
}

const scratch = mkdtempSync(path.join(tmpdir(), 'castellan-helm-'));
try {
  const schemas = writeKubernetesSchemas(KUBERNETES_OPENAPI, path.join(scratch, 'schemas'));
  const scenarios = readdirSync(path.join(folder, 'scenarios')).filter((file) => file.endsWith('.yaml'));
  let resources = 0;
  for (const file of scenarios) {
    const name = path.basename(file, '.yaml');
    const values = path.join(folder, 'scenarios', file);
    const lint = spawnSync(HELM, ['lint', '--strict', '--kube-version', KUBERNETES_VERSION, chart, '-f', values], {
      encoding: 'utf8',
    });
    if (lint.status !== 0) problems.push(`${name}: helm lint: ${lint.stdout}${lint.stderr}`);
    const rendered = render(values);
    if (!rendered.ok) {
      problems.push(`${name}: ${rendered.error}`);
      continue;
    }
    const conform = spawnSync(
      KUBECONFORM,
      [
        '-strict',
        '-summary',
        '-schema-location',
        `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`,
        '-skip',
        extensions,
      ],
      { input: rendered.text, encoding: 'utf8' },
    );
    if (conform.status !== 0) problems.push(`${name}: kubeconform: ${conform.stdout}${conform.stderr}`);
    const documents = yaml
      .parseAllDocuments(rendered.text)
      .map((document) => document.toJSON())
      .filter(Boolean);
    resources += documents.length;
    for (const problem of problemsOf(documents, programVariables)) problems.push(`${name}: ${problem}`);
    compareGolden(name, rendered.text);
  }
  const refusals = checkRefusals(scratch);
  if (problems.length === 0) {
    const version = execFileSync(HELM, ['version', '--short'], { encoding: 'utf8' }).trim();
    process.stdout.write(
      `helm chart: ${scenarios.length} scenarios, ${resources} resources, ${refusals} refused values, all as they should be ` +
        `(helm ${version}, Kubernetes ${KUBERNETES_VERSION})\n`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);
