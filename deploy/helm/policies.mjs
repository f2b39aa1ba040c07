// What every rendered manifest must hold, whatever the values: the pods are restricted, bounded and probed, they are told
// nothing that their program does not read, and the network has the edges of the architecture and no others.

const EDGES = {
  gateway: ['token', 'keys'],
  admin: ['token', 'warden', 'keys'],
  token: ['keys', 'warden'],
  warden: ['token'],
  keys: [],
  host: [],
};
const DATABASE_USERS = ['token', 'warden', 'keys', 'host', 'migrate'];
/** Read by Node itself, not by a schema. */
const RUNTIME_VARIABLES = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'];
/** Read by the chart's own smoke test. */
const SMOKE_VARIABLES = ['SMOKE_PUBLIC_URL', 'SMOKE_ADMIN_URL', 'SMOKE_ISSUER', 'SMOKE_CREDENTIALS'];

const componentOf = (resource) => resource.metadata.labels?.['app.kubernetes.io/component'];
const nameOf = (resource) => `${resource.kind} ${resource.metadata.name}`;

function podOf(resource) {
  if (resource.kind === 'Pod') return resource.spec;
  return ['Deployment', 'Job'].includes(resource.kind) ? resource.spec.template.spec : undefined;
}

/** Every problem of the rendered resources, as sentences. */
export function problemsOf(resources, programVariables) {
  return [
    ...resources.flatMap((resource) =>
      resource.metadata?.namespace === 'identity' ? [] : [`${nameOf(resource)} names no namespace`],
    ),
    ...resources.flatMap((resource) => podProblems(resource, programVariables)),
    ...resources
      .filter(({ kind }) => kind === 'Deployment')
      .flatMap((deployment) => deploymentProblems(deployment, resources)),
    ...networkProblems(resources),
    ...secretProblems(resources),
    ...migrateProblems(resources),
    ...certificateProblems(resources),
  ];
}

function podProblems(resource, programVariables) {
  const pod = podOf(resource);
  if (pod === undefined) return [];
  const found = [];
  const say = (isBad, what) => isBad && found.push(`${nameOf(resource)}: ${what}`);
  say(pod.automountServiceAccountToken !== false, 'mounts a service account token');
  say(pod.enableServiceLinks !== false, 'has service links');
  say(pod.hostNetwork || pod.hostPID || pod.hostIPC, 'shares something with the node');
  say(pod.securityContext?.runAsNonRoot !== true || pod.securityContext?.runAsUser !== 65532, 'may run as root');
  say(pod.securityContext?.seccompProfile?.type !== 'RuntimeDefault', 'has no seccomp profile');
  for (const volume of pod.volumes ?? []) {
    say(volume.hostPath !== undefined, 'mounts a folder of the node');
    say(volume.emptyDir !== undefined && volume.emptyDir.sizeLimit === undefined, `volume ${volume.name} is unbounded`);
  }
  const known = knownVariables(componentOf(resource), programVariables);
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    const security = container.securityContext ?? {};
    say(
      security.privileged !== false || security.allowPrivilegeEscalation !== false,
      `${container.name} may gain privileges`,
    );
    say(security.readOnlyRootFilesystem !== true, `${container.name} may write its root`);
    say(
      security.capabilities?.drop?.[0] !== 'ALL' || security.capabilities.add !== undefined,
      `${container.name} has capabilities`,
    );
    say(container.resources?.limits?.memory === undefined, `${container.name} has no limit of memory`);
    say(
      container.resources?.requests?.memory !== container.resources?.limits?.memory,
      `${container.name}: memory asked and allowed differ`,
    );
    say(container.resources?.requests?.cpu === undefined, `${container.name} asks for no CPU`);
    say(
      !/(:[\w.-]+|@sha256:[0-9a-f]{64})$/.test(container.image) || container.image.endsWith(':latest'),
      `${container.name}: image ${container.image} is not pinned`,
    );
    const names = (container.env ?? []).map(({ name }) => name);
    for (const name of names) say(!known.has(name), `sets ${name}, which its program does not know`);
    say(new Set(names).size !== names.length, 'sets a variable twice');
    const mounted = new Set((pod.volumes ?? []).map(({ name }) => name));
    for (const { name } of container.volumeMounts ?? []) say(!mounted.has(name), `mounts ${name}, which is no volume`);
  }
  return found;
}

function knownVariables(component, programVariables) {
  if (component === 'test') return new Set([...RUNTIME_VARIABLES, ...SMOKE_VARIABLES]);
  return new Set([...RUNTIME_VARIABLES, ...Object.keys(programVariables[component] ?? {})]);
}

function deploymentProblems(deployment, resources) {
  const found = [];
  const component = componentOf(deployment);
  const say = (isBad, what) => isBad && found.push(`${nameOf(deployment)}: ${what}`);
  const [container] = deployment.spec.template.spec.containers;
  const ports = new Map(container.ports.map((port) => [port.name, port.containerPort]));
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const target = container[probe]?.httpGet;
    say(target === undefined || !ports.has(target.port), `${probe} points at no port of the container`);
  }
  say(container.livenessProbe?.httpGet.path !== '/health/alive', 'liveness looks at more than the process');
  say(container.readinessProbe?.httpGet.path !== '/health/ready', 'readiness does not ask the service');
  const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  say(Number(environment.OPS_PORT) !== ports.get('ops'), 'OPS_PORT is not the port of the probes');
  const listens = environment.ADMIN_PORT ?? environment.PORT;
  say(listens !== undefined && Number(listens) !== ports.get('http'), 'PORT is not the port of the container');
  say(container.lifecycle?.preStop === undefined, 'has no preStop');
  say(deployment.spec.strategy.rollingUpdate.maxUnavailable !== 0, 'takes pods away before new ones serve');
  say(
    (deployment.spec.template.spec.topologySpreadConstraints ?? []).length !== 2,
    'is not spread over zones and nodes',
  );

  const service = resources.find((one) => one.kind === 'Service' && componentOf(one) === component);
  say(service === undefined, 'has no Service');
  for (const port of service?.spec.ports ?? []) {
    say(!ports.has(port.targetPort), `its Service leads to ${port.targetPort}, which is no port of the container`);
    say(
      ports.get(port.targetPort) !== port.port,
      `its Service's port ${port.port} is another one than the container's`,
    );
  }
  const labels = deployment.spec.template.metadata.labels;
  for (const selector of [deployment.spec.selector.matchLabels, service?.spec.selector ?? {}]) {
    say(
      Object.entries(selector).some(([name, value]) => labels[name] !== value),
      'a selector does not find its pods',
    );
  }
  // Where another service is called, the name is that of its Service.
  for (const peer of ['token', 'warden', 'keys']) {
    const target = environment[`${peer.toUpperCase()}_GRPC`];
    if (target === undefined) continue;
    const other = resources.find((one) => one.kind === 'Service' && componentOf(one) === peer);
    const port = other?.spec.ports.find(({ name }) => name === 'grpc')?.port;
    say(target !== `${other?.metadata.name}:${port}`, `${peer} is not at ${target}`);
  }
  const account = deployment.spec.template.spec.serviceAccountName;
  say(
    !resources.some((one) => one.kind === 'ServiceAccount' && one.metadata.name === account),
    'has no ServiceAccount',
  );
  const budget = resources.find((one) => one.kind === 'PodDisruptionBudget' && componentOf(one) === component);
  const scaler = resources.find((one) => one.kind === 'HorizontalPodAutoscaler' && componentOf(one) === component);
  say((deployment.spec.replicas ?? scaler?.spec.minReplicas) > 1 && budget === undefined, 'has no PodDisruptionBudget');
  return found;
}

function networkProblems(resources) {
  const policies = resources.filter(({ kind }) => kind === 'NetworkPolicy');
  const deny = policies.find(({ metadata }) => metadata.name.endsWith('-default-deny'));
  if (deny === undefined) return ['there is no NetworkPolicy that denies by default'];
  const found = [];
  if (deny.spec.ingress !== undefined || deny.spec.egress !== undefined || deny.spec.policyTypes.length !== 2)
    found.push('the default NetworkPolicy allows something');
  const peersIn = (rules, side) =>
    (rules ?? [])
      .flatMap((rule) => rule[side] ?? [])
      .map((peer) => peer.podSelector?.matchLabels?.['app.kubernetes.io/component'])
      .filter((peer) => peer !== undefined && peer !== 'test');
  for (const [component, calls] of Object.entries(EDGES)) {
    const own = policies.find((policy) => componentOf(policy) === component);
    if (own === undefined) continue;
    const to = peersIn(own.spec.egress, 'to').sort();
    if (to.join() !== [...calls].sort().join()) found.push(`the network lets ${component} call ${to.join(', ')}`);
    const from = peersIn(own.spec.ingress, 'from').sort();
    const callers = Object.keys(EDGES)
      .filter((peer) => EDGES[peer].includes(component))
      .sort();
    if (from.join() !== callers.join()) found.push(`the network lets ${from.join(', ')} call ${component}`);
  }
  for (const policy of policies) {
    const toDatabase = (policy.spec.egress ?? []).some((rule) => (rule.ports ?? []).some(({ port }) => port === 5432));
    if (toDatabase !== DATABASE_USERS.includes(componentOf(policy)))
      found.push(`${nameOf(policy)}: PostgreSQL ${toDatabase ? 'open' : 'closed'}`);
  }
  return found;
}

/** Secrets are never rendered: no Secret, no value of one in an environment or a ConfigMap. */
function secretProblems(resources) {
  const found = resources
    .filter(({ kind }) => kind === 'Secret')
    .map((secret) => `${nameOf(secret)} is rendered by the chart`);
  for (const resource of resources) {
    for (const container of podOf(resource)?.containers ?? []) {
      for (const { name, value } of container.env ?? []) {
        if (/(SECRET|CREDENTIALS|DATABASE_URL|REDIS_URL)$/.test(name) && value !== undefined)
          found.push(`${nameOf(resource)}: ${name} is a value, not a reference`);
      }
    }
  }
  return found;
}

function migrateProblems(resources) {
  const job = resources.find(({ kind }) => kind === 'Job');
  if (job === undefined) return ['there is no migrate Job'];
  const hook = job.metadata.annotations?.['helm.sh/hook'] ?? '';
  return ['pre-install', 'pre-upgrade'].every((when) => hook.includes(when))
    ? []
    : ['the migrate Job is no hook before the pods'];
}

function certificateProblems(resources) {
  return resources
    .filter(({ kind, spec }) => kind === 'Certificate' && spec.isCA !== true)
    .filter((one) => one.spec.uris?.join() !== `spiffe://castellan/${componentOf(one)}`)
    .map((one) => `${nameOf(one)} does not name its service`);
}
