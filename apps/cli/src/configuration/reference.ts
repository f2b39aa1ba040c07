import { z } from 'zod';
import { isSecretVariable } from '@castellan/service';
import { programVariables, type ProgramName, type Variables } from './variables.js';

const titles: Readonly<Record<ProgramName, string>> = {
  gateway: 'Service `gateway`',
  admin: 'Service `admin`',
  token: 'Service `token`',
  warden: 'Service `warden`',
  keys: 'Service `keys`',
  host: '`castellan host`',
  migrate: '`castellan migrate sql --read-from-env`',
  consent: 'Consent app',
};

const introduction = `# Configuration

Every program reads environment variables; an empty one counts as absent. A variable that cannot be used stops the start
with one line that names it and shows no value. This page is made from the schemas that the programs check their variables
with: \`castellan config reference > docs/guides/configuration.md\`.

Durations are written as in Go (\`1h30m\`, \`90s\`), lists with commas. A secret may stand in a file that \`<name>_FILE\` names.

The same settings may stand in a YAML file, which \`CASTELLAN_CONFIG\` names, or \`--config\` of a service, or
\`--config-file\` of \`castellan host\`. Its keys are the names below in any case; nested ones are joined, and lists are
lists. Variables win over the file.

\`\`\`yaml
issuer: https://id.example.com
access_token_lifespan: 15m
token_secret_file: /run/secrets/token
token:
  database_url_file: /run/secrets/postgres # TOKEN_DATABASE_URL_FILE
\`\`\`

A slip of the pen stops the start: an unknown key of the file, and a name in the environment that is nearly one of those
below (\`CONSENT_ULR\`) or begins with \`CASTELLAN_\`. What Kubernetes puts into environments for its Services is known. Any
other name that only looks like ours is listed in \`CASTELLAN_FOREIGN_VARIABLES\`, with commas.

\`castellan config check <program>\` says what is missing, wrong or unknown before it starts; \`castellan config print
<program>\` shows what is set, secrets left out; \`castellan doctor\` looks at what the settings lead to.
`;

/** The reference of all variables as Markdown, from the schemas. */
export function configurationReference(): string {
  const sections = Object.entries(programVariables).map(([program, variables]) =>
    [`## ${titles[program as ProgramName]}`, '', ...rowsOf(variables), ''].join('\n'),
  );
  return `${[introduction, ...sections].join('\n').trimEnd()}\n`;
}

function rowsOf(variables: Variables): string[] {
  const rows = Object.entries(variables)
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([name, schema]) => `| \`${name}\` | ${standardOf(schema)} | ${isSecretVariable(name) ? 'yes' : ''} |`);
  return ['| Variable | Default | Secret |', '| --- | --- | --- |', ...rows];
}

function standardOf(schema: z.ZodType): string {
  if (!schema.safeParse(undefined).success) return '**required**';
  const standard = schema.safeParse(undefined).data;
  if (standard === undefined) return '';
  if (Array.isArray(standard)) return standard.length === 0 ? '' : `\`${standard.join(',')}\``;
  return `\`${String(standard)}\`${isDuration(schema, standard) ? ' ms' : ''}`;
}

/** Whether the schema reads durations: then its default is in milliseconds. */
function isDuration(schema: z.ZodType, standard: unknown): boolean {
  return typeof standard === 'number' && ['1s', '24h'].some((duration) => schema.safeParse(duration).success);
}
