// What does it cost to choose a device, and to hold it? Side by side with the cheapest calls into
// native code, with scans, and with what a lease needs at the least. Names of parts (selecting,
// leasing, ...) as arguments ask only those.
import { askParts } from './harness/parts.mjs';
import { crowded } from './selection/crowded.mjs';
import { leasing } from './selection/leasing.mjs';
import { scaling } from './selection/scaling.mjs';
import { selectingBest } from './selection/selecting.mjs';
import { sharing } from './selection/sharing.mjs';
import { updating } from './selection/updating.mjs';

// The live cluster comes first: as in programs, nothing else has been through the code before.
const parts = { selecting: selectingBest, leasing, sharing, crowded, scaling, updating };

export const ask = ({ args }) => askParts(parts, args);
