import { readFile } from 'node:fs/promises';
import { members } from '../json.js';
import { readAll } from '../prompt.js';
import { CommandError, errorText, UsageError, type Terminal } from '../terminal.js';

/** Members of a JWK that only its owner may know (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The JSON value of a file; the file - is standard input. Throws CommandError in the words of the 2017 command line. */
export async function readJsonFile(path: string, terminal?: Terminal): Promise<unknown> {
  const content = await (path === '-' && terminal !== undefined ? readAll(terminal) : readFile(path, 'utf8')).catch(
    (error: unknown) => {
      throw new CommandError(`Could not open file ${path}: ${errorText(error)}`);
    },
  );
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new CommandError(`Could not parse JSON: ${errorText(error)}`);
  }
}

/** The JSON object of a flag. Throws UsageError when it is none. */
export function readJsonObject(value: string, name: string): object {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new UsageError(`--${name} is not a JSON object`);
}

/** The JWK Set of a file, which may hold a single JWK. Throws CommandError when a key is private: it must not leave its owner. */
export async function readKeySet(path: string): Promise<object> {
  const value = members(await readJsonFile(path));
  const keys: unknown[] | undefined = Array.isArray(value['keys'])
    ? value['keys']
    : typeof value['kty'] === 'string'
      ? [value]
      : undefined;
  if (keys === undefined) throw new CommandError(`${path} holds neither a JWK Set nor a JWK.`);
  if (keys.some((key) => secretMembers.some((name) => name in members(key)))) {
    throw new CommandError(`${path} holds a private or symmetric key. Give the public part only.`);
  }
  return { keys };
}
