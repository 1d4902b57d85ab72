// What does it cost to share work out? Beside the same plan made in JavaScript, and beside the
// slices that programs make of their arrays. Names of parts (costs, ranges) as arguments ask only
// those.
import { costly } from './distribution/costs.mjs';
import { contiguous } from './distribution/ranges.mjs';
import { askParts } from './harness/parts.mjs';

const parts = { costs: costly, ranges: contiguous };

export const ask = ({ args }) => askParts(parts, args);
