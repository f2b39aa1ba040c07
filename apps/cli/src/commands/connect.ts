import { text, flag, type CommandCall, type CommandRow } from '../command.js';
import { isFromEnvironment, writeCliConfig, type CliConfig } from '../config-file.js';
import { openPrompt, readSecretFromStdin, type Prompt } from '../prompt.js';
import { secretOnCommandLine } from '../secret-flags.js';
import { CommandError, logLine } from '../terminal.js';

export const connectRow: CommandRow = {
  path: 'connect',
  summary: 'Store the server and the client credentials that other commands use',
  examples: ['connect --url https://localhost:4444 --id admin --secret-stdin < secret.txt'],
  details:
    'Asks for what no flag gives, one line per question, on a terminal as well as in a pipe. Writes the configuration file,\n' +
    'readable by its owner only, and contacts no server.',
  flags: [
    text('--url <url>', 'the cluster URL'),
    text('--admin-url <url>', 'URL of the admin API, where it is not served by the cluster URL'),
    text('--id <id>', 'the client id'),
    text('--secret <secret>', 'the client secret (visible to other users of this machine; prefer --secret-stdin)'),
    flag('--secret-stdin', 'read the client secret from standard input'),
  ],
  run: connect,
};

async function connect(call: CommandCall): Promise<void> {
  const current = await call.config();
  const secretFromStdin = call.has('secret-stdin') ? await readSecretFromStdin(call.terminal) : undefined;
  const asksAnything = !(
    call.isGiven('url') &&
    call.isGiven('id') &&
    (call.isGiven('secret') || secretFromStdin !== undefined)
  );

  if (call.isGiven('secret')) call.print(secretOnCommandLine);
  const prompt = openPrompt(call.terminal);
  let next: CliConfig;
  try {
    if (asksAnything) call.print('To keep the current value, press enter.');
    const clusterUrl = call.isGiven('url')
      ? call.text('url')
      : await ask(call, prompt, 'Cluster URL', current.clusterUrl, 'clusterUrl');
    const clientId = call.isGiven('id')
      ? call.text('id')
      : await ask(call, prompt, 'Client ID', current.clientId, 'clientId');
    const clientSecret =
      secretFromStdin ??
      (call.isGiven('secret')
        ? call.text('secret')
        : await ask(call, prompt, 'Client Secret', current.clientSecret, 'clientSecret'));
    // A separate admin origin belongs to the cluster it was given with.
    const keptAdminUrl = clusterUrl === current.clusterUrl ? current.adminUrl : '';
    const adminUrl = call.isGiven('admin-url') ? call.text('admin-url') : keptAdminUrl;
    next = { clusterUrl, adminUrl, clientId, clientSecret };
  } finally {
    prompt.close();
  }
  call.note(logLine('info', `Persisting config in file ${call.configPath}`).trimEnd());
  await writeCliConfig(call.configPath, next);
  call.print('Done.');
}

async function ask(
  call: CommandCall,
  prompt: Prompt,
  label: string,
  current: string,
  name: keyof CliConfig,
): Promise<string> {
  const isSecret = name === 'clientSecret';
  const shown = isSecret ? (current === '' ? 'empty' : '*********') : current;
  const answer = await prompt.ask(`${label} [${shown}]: `, { masked: isSecret });
  if (answer === undefined) {
    // Where nobody can answer, the environment does.
    if (isFromEnvironment(call.terminal, name)) return current;
    throw new CommandError('Could not read user input because EOF.');
  }
  return answer.trim() === '' ? current : answer.trim();
}
