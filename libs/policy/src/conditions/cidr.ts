import { type JsonObject, ownMember } from '../json.js';
import { type Condition, ConditionError } from './condition.js';

/** Fulfilled by an IPv4 or IPv6 address inside the network `cidr`. An IPv4-mapped IPv6 address is its IPv4 address. */
export function cidrCondition(options: JsonObject): Condition {
  const cidr = ownMember(options, 'cidr');
  if (typeof cidr !== 'string') throw new ConditionError('cidr must be a string');
  const network = parseNetwork(cidr);
  if (network === undefined) throw new ConditionError(`'${cidr.slice(0, 64)}' is not a network in CIDR notation`);
  return {
    options: { cidr },
    isFulfilled(value) {
      const address = typeof value === 'string' ? parseAddress(value) : undefined;
      return address !== undefined && contains(network, address);
    },
  };
}

type Address = { readonly bits: 32 | 128; readonly number: bigint };
type Network = { readonly address: Address; readonly prefix: number };

const mappedPrefix = 0xffffn;

function contains(network: Network, address: Address): boolean {
  if (network.address.bits !== address.bits) return false;
  const hostBits = BigInt(address.bits - network.prefix);
  return network.address.number >> hostBits === address.number >> hostBits;
}

function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseLiteral(text.slice(0, slash));
  const prefix = parseDecimal(text.slice(slash + 1), 128);
  if (address === undefined || prefix === undefined || prefix > address.bits) return undefined;
  const unmapped = unmap(address);
  // A network of mapped addresses is the IPv4 network that they map; a wider one holds IPv6 addresses only.
  if (unmapped.bits === address.bits) return { address, prefix };
  return prefix >= 96 ? { address: unmapped, prefix: prefix - 96 } : { address, prefix };
}

function parseAddress(text: string): Address | undefined {
  const address = parseLiteral(text);
  return address === undefined ? undefined : unmap(address);
}

function unmap(address: Address): Address {
  if (address.bits === 32 || address.number >> 32n !== mappedPrefix) return address;
  return { bits: 32, number: address.number & 0xffffffffn };
}

function parseLiteral(text: string): Address | undefined {
  if (!text.includes(':')) {
    const number = parseV4(text);
    return number === undefined ? undefined : { bits: 32, number };
  }
  const number = parseV6(text);
  return number === undefined ? undefined : { bits: 128, number };
}

/** Four decimal bytes without leading zeros: what some read as octal is read by nobody here. */
function parseV4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let number = 0n;
  for (const part of parts) {
    const byte = parseDecimal(part, 255);
    if (byte === undefined) return undefined;
    number = (number << 8n) | BigInt(byte);
  }
  return number;
}

/** The text forms of RFC 4291 section 2.2, without a zone. */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((number, group) => (number << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && mayEndInV4 && index === parts.length - 1) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
      continue;
    }
    const group = parseHex(part);
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return groups;
}

function parseHex(text: string): number | undefined {
  if (text.length < 1 || text.length > 4) return undefined;
  for (const character of text) if (!'0123456789abcdefABCDEF'.includes(character)) return undefined;
  return Number.parseInt(text, 16);
}

function parseDecimal(text: string, max: number): number | undefined {
  if (text.length < 1 || text.length > 3 || (text.length > 1 && text.startsWith('0'))) return undefined;
  for (const character of text) if (!'0123456789'.includes(character)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}
