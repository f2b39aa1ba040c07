// The open-loop generator as a process of its own: sends at a rate whatever comes back, phase after phase.
import { readInput } from './input.js';
import { OpenLoop, type OpenLoopPlan } from './open-loop.js';

const plan = JSON.parse(await readInput()) as OpenLoopPlan;
const loop = new OpenLoop(plan);
await loop.connect();
const phases = [];
for (const phase of plan.phases) phases.push(await loop.run(phase));
loop.close();
process.stdout.write(JSON.stringify(phases));
