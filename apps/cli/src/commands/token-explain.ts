import { list, text, type CommandCall, type CommandRow } from '../command.js';
import { secretPlaceholder } from '../dry-run.js';
import { otherFormatFlag, printOr } from '../format.js';
import { indentedJson } from '../json.js';
import { tokenOperand } from '../secret-flags.js';
import { UsageError } from '../terminal.js';
import { contextFlag, contextOf } from './warden.js';

export const tokenExplainRow: CommandRow = {
  path: 'token explain',
  summary: 'Say what a token is, whether it is worth anything, and why it opens or does not open a resource',
  details:
    'Tells the whole chain: type and format, why it is not valid, its family, the policy decision it was issued under,\n' +
    'and with --action and --resource what the Warden would answer to its bearer and which policies say so. A code or\n' +
    'refresh token is looked at, not used. The token - is read from standard input. Needs the action token:explain on\n' +
    'rn:castellan:token:explain.',
  operands: '<token>',
  flags: [
    text('--action <action>', 'the action to try; needs --resource', ''),
    text('--resource <resource>', 'the resource to try it on', ''),
    list('--scopes <scopes>', 'scopes that the token must have for it'),
    contextFlag,
    otherFormatFlag,
  ],
  examples: ['token explain - --action get --resource photos:1 < token.txt'],
  run: explainToken,
};

async function explainToken(call: CommandCall): Promise<void> {
  const [action, resource] = [call.text('action'), call.text('resource')];
  if ((action === '') !== (resource === '')) throw new UsageError('--action and --resource come together');
  const json = {
    token: await tokenOperand(call, 0),
    ...(action !== ''
      ? {
          action,
          resource,
          scopes: call.list('scopes').filter((scope) => scope !== ''),
          context: contextOf(call),
        }
      : {}),
  };
  const api = await call.api();
  const explanation = await api.post({
    failure: 'Could not explain the token',
    path: ['token', 'explain'],
    json,
    shown: { ...json, token: secretPlaceholder },
  });
  await printOr(call, () => call.print(indentedJson(explanation)), explanation);
}
