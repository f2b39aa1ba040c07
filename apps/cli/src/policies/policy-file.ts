import { readFile } from 'node:fs/promises';
import { parsePolicyJson, type Policy, PolicyError, policyToJson, validatePolicy } from '@castellan/policy';
import { parse, stringify } from 'yaml';
import { members } from '../json.js';
import { CommandError, errorText, UsageError } from '../terminal.js';

/** Reads a JSON or YAML file, by its ending. Throws CommandError. */
export async function readDataFile(path: string): Promise<unknown> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new CommandError(`Could not open file ${path}: ${errorText(error)}`);
  });
  try {
    // Aliases that unfold without end are refused by the reader.
    return path.endsWith('.json')
      ? (JSON.parse(content) as unknown)
      : (parse(content, { maxAliasCount: 100 }) as unknown);
  } catch (error) {
    throw new CommandError(`Could not read file ${path}: ${errorText(error)}`);
  }
}

/**
 * Reads policies from a file: a list, or an object with a list `policies`. All are checked as the server will check them,
 * so that a bad one is told of before anything is sent. Throws CommandError that names the policy.
 */
export async function readPolicyFile(path: string): Promise<readonly Policy[]> {
  if (path === '') throw new UsageError('a file of policies is needed: -f <path>');
  const content = await readDataFile(path);
  const list: unknown = Array.isArray(content) ? content : members(content)['policies'];
  if (!Array.isArray(list)) throw new CommandError(`${path}: neither a list of policies nor an object with one`);
  const seen = new Set<string>();
  return list.map((value, index) => {
    const policy = readPolicy(value, `${path}: policies[${index}]`);
    if (seen.has(policy.id)) throw new CommandError(`${path}: policies[${index}]: the ID ${policy.id} is used twice`);
    seen.add(policy.id);
    return policy;
  });
}

function readPolicy(value: unknown, where: string): Policy {
  const id = members(value)['id'];
  try {
    return validatePolicy(parsePolicyJson(value));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new CommandError(`${where}${typeof id === 'string' ? ` (${id})` : ''}: ${error.message}`);
  }
}

/** Writes policies as a file holds them. */
export function writePolicies(policies: readonly Policy[], format: 'json' | 'yaml'): string {
  const list = policies.map(policyToJson);
  return format === 'json' ? `${JSON.stringify({ policies: list }, null, 2)}\n` : stringify({ policies: list });
}
