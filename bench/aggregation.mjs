// What do statistics of a window cost: by scan, by index, kept up to date? And what does recording?
// Side by side with reading the same samples once, with what programs do instead, and with an empty
// call into native code. Names of parts (scanning, windows, ...) as arguments ask only those.
import { pushing } from './aggregation/pushing.mjs';
import { recording } from './aggregation/recording.mjs';
import { registered } from './aggregation/registered.mjs';
import { scanning } from './aggregation/scanning.mjs';
import { summaries } from './aggregation/summaries.mjs';
import { windows } from './aggregation/windows.mjs';
import { askParts } from './harness/parts.mjs';

const parts = { scanning, windows, registered, recording, summaries, pushing };

export const ask = ({ args }) => askParts(parts, args);
