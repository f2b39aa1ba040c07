import { z } from 'zod';
import { isSecretVariable } from './effective.js';
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

\`castellan config check <program>\` says what is missing, wrong, or looks like a slip of the pen; \`castellan config print
<program>\` shows what is set, secrets left out. Durations are written as in Go (\`1h30m\`, \`90s\`), lists with commas. A secret may stand in
a file that \`<name>_FILE\` names.
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
  return typeof standard === 'number' && schema.safeParse('1h30m').success;
}
