import { apiFlags, type CommandRow, type Flag } from '../command.js';
import { formatFlag } from '../format.js';

/** What Hydra since 2.0 calls a command, and the command. */
const otherWords: readonly (readonly [words: string, command: string, also?: string])[] = [
  ['create client', 'clients create', 'oauth2-client'],
  ['create jwks', 'keys create', 'jwk'],
  ['get client', 'clients get', 'oauth2-client'],
  ['get jwks', 'keys get', 'jwk'],
  ['list clients', 'clients list', 'oauth2-clients'],
  ['update client', 'clients update', 'oauth2-client'],
  ['delete client', 'clients delete', 'oauth2-client'],
  ['delete jwks', 'keys delete', 'jwk'],
  ['import client', 'clients import', 'oauth2-client'],
  ['import jwk', 'keys import', 'jwks'],
];

/**
 * The commands in the word order of Hydra since 2.0. They are the commands of the table given, but print a table where those print
 * what Hydra 0.9 printed.
 */
export function inOtherWords(rows: readonly CommandRow[]): readonly CommandRow[] {
  const verbs = [...new Set(otherWords.map(([words]) => words.split(' ')[0] ?? ''))];
  return verbs.flatMap((verb): CommandRow[] => [
    {
      path: verb,
      summary: `${verb.charAt(0).toUpperCase()}${verb.slice(1)} objects, in the words of Hydra since 2.0`,
      flags: apiFlags,
    },
    ...otherWords.filter(([words]) => words.startsWith(`${verb} `)).map((entry) => inWords(rows, entry)),
  ]);
}

function inWords(rows: readonly CommandRow[], [words, command, also]: (typeof otherWords)[number]): CommandRow {
  const row = rows.find(({ path }) => path === command);
  if (row === undefined) throw new Error(`there is no command ${command}`);
  const flags = (row.flags ?? []).map((one): Flag => (one.flags === formatFlag.flags ? formatFlag : one));
  return {
    ...row,
    path: words,
    ...(also !== undefined ? { aliases: [also] } : {}),
    details: [`The same as \`${command}\`, but for a table where --format is absent.`, row.details]
      .filter((part) => part !== undefined)
      .join('\n'),
    flags,
    ...(row.examples !== undefined ? { examples: row.examples.map((example) => example.replace(command, words)) } : {}),
  };
}
