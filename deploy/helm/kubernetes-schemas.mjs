// JSON schemas of the Kubernetes kinds, from the OpenAPI document of a Kubernetes release: kubeconform reads one file
// per kind. Unknown members are refused, as the API server does with strict field validation.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SPECIAL = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': {},
};

function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  if (copy.properties !== undefined && typeof copy.type === 'string' && copy.additionalProperties === undefined) {
    copy.additionalProperties = false;
  }
  return copy;
}

/** Writes `<kind>-<group>-<version>.json` for every kind and returns the folder. */
export function writeKubernetesSchemas(openapi, folder) {
  mkdirSync(folder, { recursive: true });
  const { definitions } = JSON.parse(readFileSync(openapi, 'utf8'));
  const shared = Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, SPECIAL[name] ?? closed(definition)]),
  );
  writeFileSync(
    path.join(folder, 'definitions.json'),
    JSON.stringify({ definitions: shared }).replaceAll('"#/definitions/', '"definitions.json#/definitions/'),
  );
  for (const [name, definition] of Object.entries(definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      // kubeconform names a file by the first word of the group and the version.
      const suffix = [group.split('.')[0], version].filter(Boolean).join('-');
      const file = `${kind.toLowerCase()}-${suffix}.json`;
      writeFileSync(path.join(folder, file), JSON.stringify({ $ref: `definitions.json#/definitions/${name}` }));
    }
  }
  return folder;
}
