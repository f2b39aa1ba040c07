import { afterAll, beforeAll, describe } from 'vitest';
import { describeFlowModules } from './flow-modules.js';
import { openSuite, type Suite } from './suite.js';

const responseTypes = ['code id_token', 'code token', 'code id_token token'];
let suite: Suite;
beforeAll(async () => {
  suite = await openSuite();
});
afterAll(() => suite?.close());

describe.each(responseTypes)('oidcc-hybrid-certification-test-plan: %s', (responseType) => {
  describeFlowModules({ responseType, responseMode: 'default', suite: () => suite });
});

describe.each(responseTypes)('oidcc-formpost-hybrid-certification-test-plan: %s', (responseType) => {
  describeFlowModules({ responseType, responseMode: 'form_post', suite: () => suite });
});
