import { afterAll, beforeAll, describe } from 'vitest';
import { describeFlowModules } from './flow-modules.js';
import { openSuite, type Suite } from './suite.js';

const responseTypes = ['id_token token', 'id_token'];
let suite: Suite;
beforeAll(async () => {
  suite = await openSuite();
});
afterAll(() => suite?.close());

describe.each(responseTypes)('oidcc-implicit-certification-test-plan: %s', (responseType) => {
  describeFlowModules({ responseType, responseMode: 'default', suite: () => suite });
});

describe.each(responseTypes)('oidcc-formpost-implicit-certification-test-plan: %s', (responseType) => {
  describeFlowModules({ responseType, responseMode: 'form_post', suite: () => suite });
});
