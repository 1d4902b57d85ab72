// What does it cost to share work out? Beside the same plan made in JavaScript, and beside the
// slices that programs make of their arrays. Names of parts (costs, ranges) as arguments ask only
// those.
import { costly } from './distribution/costs.mjs';
import { contiguous } from './distribution/ranges.mjs';
import { askParts } from './harness/parts.mjs';

// What takes the least comes first: as in programs, nothing else has been through the code before.
const parts = { ranges: contiguous, costs: costly };

export const ask = ({ args }) => askParts(parts, args);
