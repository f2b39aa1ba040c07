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

const titles: Readonly<Record<Mode, string>> = {
  host: 'in one process',
  services: 'as separate services',
  replicas: 'as two replicas of every service, of which one is killed',
};

/**
 * The guide of June 2017 as statements S1-S74, played in its order against a running product. The ways to run the
 * product play the same statements; where a statement cannot be tested here, statements.ts says why. `between` may
 * add tests after each section, `afterwards` at the end.
 */
export function describeTutorial(
  mode: Mode,
  more: {
    readonly between?: (stage: Stage, section: number) => void;
    readonly afterwards?: (stage: Stage) => void;
  } = {},
): void {
  describe(`the tutorial, ${titles[mode]}`, () => {
    const stage = new Stage(mode);
    beforeAll(() => stage.build(), mode === 'replicas' ? 300_000 : 180_000);
    afterAll(() => stage.strike(), 60_000);

    sections.forEach((describeSection, index) => {
      describeSection(stage);
      if (index + 1 < sections.length) more.between?.(stage, index);
    });
    describeAfterwards(stage);
    more.afterwards?.(stage);
  });
}

const sections: readonly ((stage: Stage) => void)[] = [
  describeDatabaseAndConfiguration,
  describeServer,
  describeCommandLineAndTokens,
  describeConsentFlow,
  describeAuthorizationFlow,
  describeConsentResponses,
  describeAdministration,
];
