// What do statistics of a window cost: by scan, by index, kept up to date? And what does recording?
// Side by side with reading the same samples once, with what programs do instead, and with an empty
// call into native code. Names of parts (scanning, windows, ...) as arguments ask only those.
import { pushing } from './aggregation/pushing.mjs';
import { recording } from './aggregation/recording.mjs';
import { registered } from './aggregation/registered.mjs';
import { scanning } from './aggregation/scanning.mjs';
import { windows } from './aggregation/windows.mjs';
import { mergeFigures } from './harness/figures.mjs';

const parts = { scanning, windows, registered, recording, pushing };

export async function ask({ args }) {
  const wanted = args.length === 0 ? Object.keys(parts) : args;
  const answer = { figures: {}, goals: [] };
  for (const name of wanted) {
    if (!Object.hasOwn(parts, name)) {
      throw new Error(`expected parts of ${Object.keys(parts)}, got ${name}`);
    }
    const { figures, goals } = await parts[name]();
    answer.figures = mergeFigures(answer.figures, figures);
    answer.goals.push(...goals);
  }
  return answer;
}
