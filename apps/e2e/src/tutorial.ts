import { afterAll, beforeAll, describe } from 'vitest';
import type { Mode } from './product.js';
import { describeAdministration } from './tutorial/administration.js';
import { describeAfterwards } from './tutorial/afterwards.js';
import { describeAuthorizationFlow } from './tutorial/authorization-flow.js';
import { describeCommandLineAndTokens } from './tutorial/command-line-and-tokens.js';
import { describeConsentFlow } from './tutorial/consent-flow.js';
import { describeConsentResponses } from './tutorial/consent-responses.js';
import { describeDatabaseAndConfiguration } from './tutorial/database-and-configuration.js';
import { describeServer } from './tutorial/server.js';
import { Stage } from './tutorial/stage.js';

/**
 * The guide of June 2017 as statements S1-S74, played in its order against a running product. The two ways to run the
 * product play the same statements; where a statement cannot be tested here, statements.ts says why.
 */
export function describeTutorial(mode: Mode): void {
  describe(`the tutorial, ${mode === 'host' ? 'in one process' : 'as separate services'}`, () => {
    const stage = new Stage(mode);
    beforeAll(() => stage.build(), 180_000);
    afterAll(() => stage.strike(), 60_000);

    describeDatabaseAndConfiguration(stage);
    describeServer(stage);
    describeCommandLineAndTokens(stage);
    describeConsentFlow(stage);
    describeAuthorizationFlow(stage);
    describeConsentResponses(stage);
    describeAdministration(stage);
    describeAfterwards(stage);
  });
}
