import type { CommandRow, Flag } from './command.js';
import { globalFlags } from './program.js';

/** The shells that a completion is written for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What may follow some words of a command line: words of commands, and flags. */
type Step = { readonly words: string; readonly next: readonly string[] };

/** A script that completes commands and flags out of the table, without running the program. */
export function completionScript(shell: Shell, rows: readonly CommandRow[], program: string): string {
  const steps = stepsOf(rows);
  return shell === 'fish' ? fishScript(steps, program) : bashScript(steps, program, shell);
}

function stepsOf(rows: readonly CommandRow[]): readonly Step[] {
  const common = globalFlags.filter((one) => !(one.kind === 'switch' && one.hidden === true)).map(longName);
  const below = (path: string): string[] =>
    rows.filter((row) => parentOf(row.path) === path).map((row) => row.path.split(' ').at(-1) ?? '');
  const steps = rows.map((row) => {
    const groups = rows.filter(({ path, run }) => run === undefined && row.path.startsWith(`${path} `));
    const flags = [...(row.flags ?? []), ...groups.flatMap((group) => group.flags ?? [])].map(longName);
    return { words: row.path, next: [...new Set([...below(row.path), ...flags, ...common, '--help'])] };
  });
  return [{ words: '', next: [...below(''), ...common, '--help'] }, ...steps];
}

function parentOf(path: string): string {
  return path.split(' ').slice(0, -1).join(' ');
}

function longName(one: Flag): string {
  return /--[a-z-]+/.exec(one.flags)?.[0] ?? one.flags;
}

// zsh reads the functions of bash after `bashcompinit`.
function bashScript(steps: readonly Step[], program: string, shell: Shell): string {
  const cases = steps.map(({ words, next }) => `    '${words}') next='${next.join(' ')}' ;;`);
  return [
    ...(shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
    `_${program}_steps() {`,
    '  case "$1" in',
    ...cases,
    '    *) return 1 ;;',
    '  esac',
    '}',
    `_${program}() {`,
    '  local words="" next="" word',
    `  _${program}_steps ""`,
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$word" in -*) continue ;; esac',
    `    _${program}_steps "\${words:+$words }$word" && words="\${words:+$words }$word"`,
    '  done',
    '  COMPREPLY=($(compgen -W "$next" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    `complete -o default -F _${program} ${program}`,
  ].join('\n');
}

function fishScript(steps: readonly Step[], program: string): string {
  const cases = steps.map(({ words, next }) => `    case '${words}'\n      printf '%s\\n' ${next.join(' ')}`);
  return [
    `function __${program}_steps`,
    '  switch "$argv[1]"',
    ...cases,
    "    case '*'",
    '      return 1',
    '  end',
    'end',
    `function __${program}_next`,
    '  set -l words ""',
    '  for word in (commandline -opc)[2..-1]',
    "    string match -q -- '-*' $word; and continue",
    '    set -l longer (string trim -- "$words $word")',
    `    __${program}_steps $longer >/dev/null; and set words $longer`,
    '  end',
    `  __${program}_steps "$words"`,
    'end',
    `complete -c ${program} -a '(__${program}_next)'`,
  ].join('\n');
}
