// Statistics that are kept up to date while numbers come in: by a manager that is fed by hand, by
// hdr-histogram-js, by a Summary of prom-client, and by a list of objects that is looked through.
import hdr from 'hdr-histogram-js';
import prometheus from 'prom-client';
import { GPUClusteringManager } from '../../dist/index.mjs';
import { compareLater } from '../harness/rounds.mjs';
import { mustAgree, ofObjects, ofTypedArray, percentiles } from './alternatives.mjs';
import { sampleList, utilization } from './data.mjs';

const count = 1e5;
const deviceId = 'a';
const key = 'computeUtilizationPercent';
const startMs = 1.7e12;
const most = 100;

function filledManager(values) {
  const manager = new GPUClusteringManager({ maxHistory: count });
  manager.registerDevice({ deviceId, name: 'A', vendor: 'amd', memoryBytes: 80e9 });
  const timestampsMs = Float64Array.from(values, (_, index) => startMs + index);
  manager.recordMany({ deviceId, timestampsMs, [key]: Float64Array.from(values) });
  return manager;
}

function filledHistogram(values) {
  const histogram = hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: most });
  for (const value of values) histogram.recordValue(value);
  return histogram;
}

function ofHistogram(histogram) {
  const ranks = percentiles.map((one) => [one, histogram.getValueAtPercentile(one)]);
  return {
    count: histogram.totalCount,
    min: histogram.minNonZeroValue,
    max: histogram.maxValue,
    mean: histogram.mean,
    standardDeviation: histogram.stdDeviation,
    percentiles: Object.fromEntries(ranks),
  };
}

function filledSummary(values) {
  const options = { name: 'load', help: 'load', registers: [] };
  const summary = new prometheus.Summary({ ...options, percentiles: percentiles.map(shareOf) });
  for (const value of values) summary.observe(value);
  return summary;
}

const shareOf = (percentile) => percentile / 100;

/** It has no more than percentiles, a sum and a count. */
async function ofSummary(summary) {
  const { values } = await summary.get();
  return values.map(({ value }) => value);
}

/** A list as programs keep it: what is too old goes. */
function appendTo(list, value) {
  list.push({ deviceId, timestampMs: startMs + list.length, [key]: value });
  if (list.length > count) list.shift();
}

async function check({ manager, histogram, summary, list, values }) {
  const wanted = ofTypedArray(Float64Array.from(values));
  const [mine] = manager.aggregate({ metrics: [key] });
  mustAgree('aggregate()', { ...mine.metrics[key] }, wanted);
  mustAgree('a list of objects', ofObjects(list, key), wanted);
  const found = ofHistogram(histogram);
  mustAgree('hdr-histogram-js', found, { ...wanted, min: found.min });
  const estimates = (await ofSummary(summary)).slice(0, percentiles.length);
  const isNear = percentiles.every((one, at) => {
    return Math.abs(estimates[at] - wanted.percentiles[one]) <= 2;
  });
  if (!isNear) throw new Error(`prom-client says ${estimates}`);
}

const ask = {
  ours: 'aggregate(): seven of 1e5 samples',
  objects: 'seven of 1e5 samples, list of objects',
  histogram: 'seven of 1e5 numbers ever recorded, hdr-histogram-js',
  summary: 'three percentiles of 1e5 numbers ever observed, prom-client',
};

/** Another number is asked about each time, so that nobody has the answer ready. */
function recorders({ manager, histogram, summary, list, values }) {
  let [nowMs, at] = [startMs + count, 0];
  const next = () => values[at++ % count];
  return {
    'a number more: recordMetrics()': {
      run: () => manager.recordMetrics({ deviceId, timestampMs: ++nowMs, [key]: next() }),
    },
    'a number more: hdr-histogram-js': { run: () => histogram.recordValue(next()) },
    'a number more: prom-client, Summary': { run: () => summary.observe(next()) },
    'a number more: an object in a list, the oldest goes': { run: () => appendTo(list, next()) },
  };
}

export async function summaries() {
  const values = utilization(count);
  const kept = {
    values,
    manager: filledManager(values),
    histogram: filledHistogram(values),
    summary: filledSummary(values),
    list: sampleList(values),
  };
  await check(kept);
  const figures = await compareLater({
    [ask.ours]: { run: () => kept.manager.aggregate({ metrics: [key] }) },
    [ask.histogram]: { run: () => ofHistogram(kept.histogram) },
    [ask.summary]: { runLater: () => ofSummary(kept.summary) },
    [ask.objects]: { run: () => ofObjects(kept.list, key) },
  });
  Object.assign(figures, await compareLater(recorders(kept)));
  return { figures, goals: [] };
}
