import { describeTutorial } from './tutorial.js';

describeTutorial('host');
