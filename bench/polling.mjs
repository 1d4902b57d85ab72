// What does sampling cost beyond the driver's calls, and how punctual is it? Names of parts (tick,
// pace) as arguments ask only those.
import { askParts } from './harness/parts.mjs';
import { pace } from './polling/pace.mjs';
import { tick } from './polling/tick.mjs';

const parts = { tick, pace };

export const ask = ({ args }) => askParts(parts, args);
