// What does it cost to read all that eight devices say? And the newest sample of one of them? Side
// by side with what programs use today, on the same simulated driver. Names of parts (whole,
// latest) as arguments ask only those.
import { askParts } from './harness/parts.mjs';
import { latest } from './reading/latest.mjs';
import { whole } from './reading/whole.mjs';

const parts = { whole, latest };

export const ask = ({ args }) => askParts(parts, args);
