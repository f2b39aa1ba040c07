import { isReached, type Ratio } from '../scenario.js';

/** What is known about targets that may be missed: what limits them, by profile, and what was tried. */
type Limit = { readonly ratios: RegExp; readonly limit: string };

const limits: readonly Limit[] = [
  {
    ratios: /^P-6 (discovery|JWK)/,
    limit:
      '**Discovery document and JWK Set.** The document is a buffer that is made when the keys change, with an ETag. What bare ' +
      'Fastify does not do and every answer of the product does: a request ID (random bytes), security headers, a metric, the ' +
      'router of Nest, and hooks for limits and tracing that are asked whether they are on. Warm, a request costs about 50 us here. ' +
      'In a profile of a calm machine the kernel’s write is a fifth of that, Node’s HTTP and streams a quarter, Fastify with its ' +
      'hooks a tenth, the kit’s hooks and the controller a twentieth each, counters 4 %, garbage 3 %, Nest 3 %: no single part ' +
      'stands out. Answering in a raw handler before the router was considered and left alone: it would be the one ' +
      'endpoint without the headers and limits that all others have.',
  },
  {
    ratios: /^P-7 .*empty handler/,
    limit:
      '**`/warden/allowed` against an empty handler.** A request is two decisions, not one (may the caller ask, and what it asked), ' +
      'a token that is looked up in the database, and a fence read; each is shared with concurrent requests, and none is taken ' +
      'from an earlier answer. In a profile of a calm machine the caller’s token takes a seventh of the time (its MAC alone a ' +
      'twentieth), the decision itself a twentieth, the strict JSON parser, which refuses duplicate members and odd numbers, a ' +
      'twentieth, promises and ticks a seventh, garbage a twentieth. Caching the caller’s token would win most of the ' +
      'difference, and a revoked token would go on working: rejected. Callers that ask often use a batch or a stream (P-8), ' +
      'where the caller is known by its certificate.',
  },
  {
    ratios: /^P-12 .*memory/,
    limit:
      '**Memory at rest.** An empty process of this runtime has 39 MB. Images start programs that are joined into a few files, with a ' +
      'young generation of 4 MB: the host has a quarter less than as modules with the usual one, and neither tokens nor decisions ' +
      'are dearer; with 2 MB decisions were, by a quarter. Allocators that give back what is free took another 10 to 35 MB from each process. ' +
      'What is left is compiled modules (Nest, TypeORM, gRPC and the domain) and their sources, which V8 keeps, and some 50 MB of ' +
      'the runtime itself, which processes of one machine share.',
  },
  {
    ratios: /^P-12 .*start/,
    limit:
      '**Start to ready.** What is started is what images contain: programs joined into a few files, which takes less than half the time ' +
      'that two thousand modules took. Half of the rest is compiling and running them, on one core, which takes as much longer as the ' +
      'core is slower or shared; Node 20 keeps no compiled code between starts. The database is asked for its migrations once, keys are ' +
      'opened, not made, and what only reflection needs is read when it is asked.',
  },
  {
    ratios: /^P-9.* policies: (CPU per decision|p99)/,
    limit:
      '**CPU per decision.** The index costs what memory costs: from 10,000 policies on its tables do not fit the caches of this ' +
      'machine’s processor, and each decision is a handful of probes that miss them. The targets were measured on a core of its own.',
  },
  {
    ratios: /^P-9.*memory per policy/,
    limit:
      '**Memory per policy.** The figure is what the index holds beside the texts of the policies themselves (with these it is 375 to ' +
      '385 B); of a small set as many copies are measured as make 100,000 policies. What remains is the pairs and template numbers of ' +
      'each policy, groups, conditions, and the compiled patterns; a full table grows by a quarter, and small sets carry the least sizes.',
  },
  {
    ratios: /^P-9-INDEX .*(add one|load)/,
    limit:
      '**Changing and loading.** A policy that is added is parsed, its templates are found or made, and a row or two of the tables ' +
      'written; removing one does without the first two and is within its bound. A load is that many additions. Tables of a load grow ' +
      'to what it will need: growing them by a quarter each time left so many buffers behind that the collector walked the whole heap ' +
      'seven times, half of a load of a million; now it does so twice. What remains of it is a third, for compiled patterns, conditions ' +
      'and groups, which are objects; the rest is misses of the processor’s caches.',
  },
  {
    ratios: /^P-10 .*write/,
    limit:
      '**One policy changed.** A write is an HTTP request with its token and its decision, and a transaction of six round trips ' +
      'whose commit waits for the disk; between separate services two rpcs more. All replicas share one core here, and where checks ' +
      'run all the time most of a write is its turn among them. No check that began after an answer missed the write, which is the ' +
      'condition that counts.',
  },
  {
    ratios: /services \/ host|^P-\d .*: services \/ oidc-provider/,
    limit:
      '**Separate services.** All five share one core here, as the one process does: the figure is what the hops cost, and a ' +
      'deployment gives each service cores of its own. A request to the token endpoint is parsed and answered by the gateway and ' +
      'decided by the token service: two event loops, and messages encoded and decoded twice. Batches on one stream already ' +
      'took most of the cost of gRPC (STEPS); what remains is TLS between the services, the second parsing and HTTP itself.',
  },
  {
    ratios: /^P-[135] .*: host \/ oidc-provider/,
    limit:
      '**Tokens.** The product stores tokens as durably as the peer does and pays for MACs, guarded statements and sealed ' +
      'sessions beside. At 64 connections the load generator and the database share the other core of this machine; where they ' +
      'saturate it, throughput is theirs and not the server’s. The ratio of CPU time shows what is won per request. In a profile ' +
      'of client credentials the rules of the protocol are a sixth of the time, Node’s HTTP, streams and ticks a quarter, ' +
      'the kernel’s writes and MACs a fifth, Fastify and the kit 7 % each, the driver of PostgreSQL 4 %, counters and Nest 2 % each. ' +
      'Tried and kept: tools are not copied for each token (4 %). Tried and worth nothing: key objects for MACs.',
  },
  {
    ratios: /^P-4 .*: host \/ oidc-provider/,
    limit:
      '**The code flow.** Two RS256 signatures, the challenge and the ID token, are a third of what the server does, and verifying ' +
      'the response comes with the flow of 2017; the peer signs once and asks its own page. The other core is the database’s, on which ' +
      'the load generator signs a consent response for each flow as well. All five statements of a flow are shared with flows at ' +
      'the same point: at this rate few are, since each statement is over before the next flow comes; the busier the database, the more. ' +
      'That took a third of the database’s time per flow and a quarter of the server’s. Writing to the database is a sixth of the ' +
      'server’s time: waking a process on the other core is dear on virtual machines.',
  },
  {
    ratios: /^P-13 .*transactions/,
    limit:
      '**Transactions per request.** Concurrent requests share a statement. Where they come more slowly, fewer share one, and ' +
      'the database’s own upkeep is counted as well; the statements of a request are the same.',
  },
  {
    ratios: /^P-14 /,
    limit:
      '**Overload.** A refusal that was made before is repeated from memory and costs about 25 to 40 us here, nearly all of it Node’s ' +
      'HTTP parser and writer; rendered anew it cost half of a served request. At ten times the capacity that is more than one core ' +
      'has, so refusals get two fifths of the time and wait for their turn, and what is let in goes on being served. With a thousand ' +
      'connections that all ask again at once a refusal waits about a tenth of a second. A proxy that bounds connections belongs in front.',
  },
  {
    ratios: /^P-2 /,
    limit:
      '**JWT access tokens.** An RS256 signature with 2048 bits takes 226 us on this class of machine, on both sides; ES256 takes ' +
      '21 us, and the rest of the request is as with opaque tokens.',
  },
  {
    ratios: /^P-8 stream/,
    limit:
      '**Checks on the stream.** Beside the transport a check is decoded, its context read into the engine’s form, decided by a fence ' +
      'and counted. The empty handler does none of that.',
  },
];

/** A paragraph for every kind of target that was missed. */
export function writeLimits(bound: readonly Ratio[]): string {
  const missed = bound.filter((ratio) => isReached(ratio) === false);
  return limits
    .filter(({ ratios }) => missed.some(({ name }) => ratios.test(name)))
    .map(({ limit }) => `- ${limit}`)
    .join('\n');
}
