import { attackWithParameters } from './parameters/forms.js';
import { attackWithJson } from './parameters/json.js';
import { attackWithPaths } from './parameters/paths.js';
import { sendingTo } from './parameters/sending.js';
import { useTarget } from './target.js';

const sending = sendingTo(useTarget());

// In this order: connections that stall from the first row on are looked at in the last one.
attackWithParameters(sending);
attackWithPaths(sending);
attackWithJson(sending);
