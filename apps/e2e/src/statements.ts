/**
 * Statements of the guide of 2017 (S1-S74) that no test here can play, and why. Every other statement is named by the
 * title of a test in this folder; statements.test.ts holds both against each other.
 */
export const untestable: Readonly<Record<string, string>> = {
  S5: 'a property of the whole: delegated login is what S25, S43, S53 and S61 play',
  S10: 'benchmarks are published by apps/bench with docs/performance.md, which come with the performance issue',
  S20: 'pulling an image needs a registry and a container engine; deploy/docker/Dockerfile makes the equivalent image',
  S22: 'played in the set-up of the tutorial: starting before migrating must fail with the command to run',
  S31: 'a shell inside a container needs a container engine; the target `cli` of deploy/docker/Dockerfile has it',
  S44: 'a property of deployment: every test here runs on one PostgreSQL, the host mode without Redis',
  S47: 'asserted within the test of S49, which needs the client it creates',
  S48: 'asserted within the test of S49',
  S51: 'asserted within the test of S49',
  S68: 'claims about community and production use; own evidence takes their place',
  S73: 'the Go binary of 2017 is no package that a test run could install; played by hand both ways, and the wire shapes that it decodes are held byte for byte by the tests of apps/admin and apps/gateway',
};
