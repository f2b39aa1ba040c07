import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { workspace } from './program.js';

/** A service of docker-compose.yml, as far as it can be run without containers. */
export type ComposeService = {
  readonly name: string;
  /** The APP that its image is built from; undefined for images of others. */
  readonly app?: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck?: readonly string[];
  readonly dependsOn: Readonly<Record<string, string>>;
  /** Ports of the machine by port of the container. */
  readonly published: ReadonlyMap<number, number>;
};

type RawService = {
  build?: { args?: { APP?: string } };
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  profiles?: string[];
};

/** Puts variables into a text as compose does; a missing one that is marked by `:?` is an error. */
export function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::\?([^}]*))?\}/g, (_all, name: string, complaint: string | undefined) => {
    const value = variables[name];
    if (value === undefined && complaint !== undefined) throw new Error(`${name}: ${complaint}`);
    return value ?? '';
  });
}

/** Reads a file of `NAME=value` lines. */
export function readEnvFile(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/**
 * The services that `docker compose up` starts, with the variables of an environment file. `overrides` are files that are
 * laid over the first, as `-f` does; they may change what a service has in its environment, and nothing else.
 */
export function readCompose(
  variables: Readonly<Record<string, string>>,
  ...overrides: readonly string[]
): ReadonlyMap<string, ComposeService> {
  const services = servicesIn('docker-compose.yml');
  for (const file of overrides) {
    for (const [name, { environment = {}, ...others }] of Object.entries(servicesIn(file))) {
      const service = services[name];
      if (service === undefined || Object.keys(others).length > 0) throw new Error(`${file}: cannot lay ${name} over`);
      services[name] = { ...service, environment: { ...service.environment, ...environment } };
    }
  }
  const started = Object.entries(services).filter(([, service]) => service.profiles === undefined);
  return new Map(started.map(([name, service]) => [name, toService(name, service, variables)]));
}

function servicesIn(file: string): Record<string, RawService> {
  const text = readFileSync(path.join(workspace, file), 'utf8');
  return (parse(text, { merge: true }) as { services: Record<string, RawService> }).services;
}

function toService(name: string, raw: RawService, variables: Readonly<Record<string, string>>): ComposeService {
  const app = raw.build?.args?.APP;
  const [, ...test] = raw.healthcheck?.test ?? [];
  return {
    name,
    ...(app === undefined ? {} : { app }),
    command: raw.command ?? [],
    environment: Object.fromEntries(
      Object.entries(raw.environment ?? {}).map(([key, value]) => [key, interpolate(String(value), variables)]),
    ),
    ...(test.length === 0 ? {} : { healthcheck: test }),
    dependsOn: Object.fromEntries(
      Object.entries(raw.depends_on ?? {}).map(([other, { condition }]) => [other, condition]),
    ),
    published: new Map(
      (raw.ports ?? [])
        .map((port) => port.split(':').map(Number) as [number, number])
        .map(([out, inner]) => [inner, out]),
    ),
  };
}
