import { readFile, writeFile } from 'node:fs/promises';
import { type Jwk, publicPart, writePublicPem } from '@castellan/jwk';
import type { CommandCall } from '../command.js';
import { secretPlaceholder } from '../dry-run.js';
import { printOr } from '../format.js';
import { indentedJson, members } from '../json.js';
import { readSecretFromStdin } from '../prompt.js';
import { CommandError, errorText, printable, UsageError } from '../terminal.js';

/** The command `keys import`: JWK, PEM or PKCS #12, told apart by what the file holds. */
export async function importKey(call: CommandCall): Promise<void> {
  const [set, path] = [call.operand(0), call.operand(1)];
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CommandError(`Could not open file ${path}: ${errorText(error)}`);
  });
  const passphrase = call.has('passphrase-stdin') ? await readSecretFromStdin(call.terminal) : '';
  const named = {
    ...(call.text('key-id') !== '' ? { kid: call.text('key-id') } : {}),
    ...(call.text('alg') !== '' ? { alg: call.text('alg') } : {}),
  };
  const failure = 'Could not import the key';
  const api = await call.api();
  const text = bytes.toString('utf8');
  if (text.trimStart().startsWith('{')) {
    const jwk = { ...members(parseJson(text, path)), ...named };
    const kid = Reflect.get(jwk, 'kid') as unknown;
    if (typeof kid !== 'string' || kid === '') throw new UsageError('the JWK has no kid; give one with --key-id');
    await api.put({ failure, path: ['keys', set, kid], json: jwk, shown: { kid, key: secretPlaceholder } });
    return printOr(call, () => call.print(`Key ${printable(kid)} is in set ${printable(set)}.`), { set, kid });
  }
  const container = text.includes('-----BEGIN ') ? { pem: text } : { pkcs12: bytes.toString('base64') };
  const stored = await api.post({
    failure,
    path: ['key-imports', set],
    json: { ...named, ...container, ...(passphrase !== '' ? { passphrase } : {}) },
    shown: { ...named, key: secretPlaceholder },
  });
  const kid = printable(String(members(stored)['kid'] ?? ''));
  await printOr(call, () => call.print(`Key ${kid} is in set ${printable(set)}.`), { set, kid: kid });
}

/** The command `keys export`: the public part, on stdout or into a file. */
export async function exportKey(call: CommandCall): Promise<void> {
  const [set, kid] = [call.operand(0), call.operands[1] ?? 'public'];
  const format = call.text('format');
  if (format !== 'jwk' && format !== 'pem') throw new UsageError('the flag --format must be jwk or pem');
  const api = await call.api();
  const answer = members(await api.get({ failure: 'Could not export the key', path: ['keys', set, kid] }));
  const [key] = Array.isArray(answer['keys']) ? (answer['keys'] as Jwk[]) : [];
  if (key === undefined) return;
  const open = publicPart(key);
  if (open === undefined) throw new CommandError('A symmetric key has no public part.');
  const text = format === 'pem' ? writePublicPem(open).trimEnd() : indentedJson(open);
  const path = call.text('out');
  if (path === '') return call.print(text);
  await writeFile(path, `${text}\n`);
  call.print(`Written to ${path}.`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CommandError(`${path} is neither a JWK nor PEM nor PKCS #12.`);
  }
}
