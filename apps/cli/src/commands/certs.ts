import { list, type CommandCall, type CommandRow } from '../command.js';
import { CommandError, errorText } from '../terminal.js';

export const certsRows: readonly CommandRow[] = [
  { path: 'certs', summary: 'Make certificates for development' },
  {
    path: 'certs dev',
    summary: 'Make a development CA and the certificates of the services',
    details:
      'Writes ca.pem and, for gateway, admin, token, warden, keys and client, <name>.pem and <name>-key.pem with the identity\n' +
      'spiffe://castellan/<name>, and https.pem and https-key.pem for HTTPS on localhost. A valid CA in the folder is kept.',
    operands: '<dir>',
    examples: ['certs dev certificates --host castellan.internal'],
    flags: [list('--host <names>', 'more host names and addresses for the certificates')],
    run: makeCertificates,
  },
];

async function makeCertificates(call: CommandCall): Promise<void> {
  const { writeDevelopmentCertificates } = await import('../certificates/development-certificates.js');
  const written = await writeDevelopmentCertificates(call.operand(0), call.list('host')).catch((error: unknown) => {
    throw new CommandError(`Could not write certificates: ${errorText(error)}`);
  });
  for (const path of written) call.print(path);
}
