import { afterAll, beforeAll, describe } from 'vitest';
import { describeFlowModules } from './flow-modules.js';
import { openSuite, type Suite } from './suite.js';

let suite: Suite;
beforeAll(async () => {
  suite = await openSuite();
});
afterAll(() => suite?.close());

describe('oidcc-basic-certification-test-plan', () => {
  describeFlowModules({ responseType: 'code', responseMode: 'default', suite: () => suite });
});

describe('oidcc-formpost-basic-certification-test-plan', () => {
  describeFlowModules({ responseType: 'code', responseMode: 'form_post', suite: () => suite });
});
