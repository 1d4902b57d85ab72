// The addon of benchmarks and property tests; test/native/addon.
import { createRequire } from 'node:module';

export const bareCore = createRequire(import.meta.url)('../../out/release/bare_core.node');

/** What a plain statistics function of it writes, as an object. */
export function plainly(write, { values, percentiles }) {
  const asked = Float64Array.from(percentiles);
  const scratch = new Float64Array(values.length);
  const into = new Float64Array(5 + asked.length);
  return () => {
    write(values, asked, scratch, into);
    const [count, min, max, mean, standardDeviation, ...ranks] = into;
    const found = Object.fromEntries(percentiles.map((one, at) => [one, ranks[at]]));
    return { count, min, max, mean, standardDeviation, percentiles: found };
  };
}
