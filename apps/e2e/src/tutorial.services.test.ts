import { describeTutorial } from './tutorial.js';

describeTutorial('services');
