// What the sensors say. Under `ledger-only` an old sample says nothing: constraints are waived.
import { short } from '../figures.js';
import type { Filter } from './filter.js';
import { compared } from './identity.js';

export const sensors: Filter = {
  name: 'sensors',
  applies: (criteria) => criteria.sensors === 'check',
  reject({ sensor }) {
    if (sensor === 'ok') return undefined;
    return sensor === 'frozen' ? 'sensor-frozen' : 'sensor-implausible';
  },
  text: ({ sensor }) => ({
    reason:
      sensor === 'frozen'
        ? 'its sensors are stuck: nothing has changed for a long time'
        : 'its sensors say what no device can measure',
  }),
  outlook: () => 'later',
};

export const age: Filter = {
  name: 'age',
  applies: ({ staleness }) => staleness === 'exclude',
  reject(view, decision) {
    if (decision.isRecent(view)) return undefined;
    return view.ageMs(decision.nowMs) === undefined ? 'no-metrics' : 'too-old';
  },
  text(view, { nowMs, request: { maxAgeMs } }) {
    const failure = view.failure();
    const cause = failure === undefined ? '' : `; its latest reading failed: ${failure}`;
    const ageMs = view.ageMs(nowMs);
    if (ageMs === undefined) return { reason: `no sample yet${cause}` };
    const says = `its sample is ${Math.round(ageMs)} ms old, at most ${maxAgeMs} ms count`;
    return { reason: `${says}${cause}`, ...compared(ageMs, maxAgeMs) };
  },
  outlook: () => 'later',
};

export const utilization: Filter = {
  name: 'utilization',
  applies: ({ maxUtilizationPercent }) => maxUtilizationPercent !== undefined,
  reject(view, decision) {
    if (decision.isLedgerOnly(view)) return undefined;
    const { maxUtilizationPercent: most = Infinity, unknown } = decision.request;
    const busy = decision.metricsOf(view)?.computeUtilizationPercent;
    if (busy === undefined) return unknown === 'reject' ? 'utilization-unknown' : undefined;
    return busy <= most ? undefined : 'too-utilized';
  },
  text(view, decision) {
    const busy = decision.metricsOf(view)?.computeUtilizationPercent;
    const most = decision.request.maxUtilizationPercent;
    const says = busy === undefined ? 'utilisation unknown' : `${short(busy)} % utilised`;
    return { reason: `${says}, at most ${most} % wanted`, ...compared(busy, most) };
  },
  outlook: ({ leaseCount }) => (leaseCount > 0 ? 'busy' : 'later'),
};

export const temperature: Filter = {
  name: 'temperature',
  applies: ({ temperatureMarginCelsius }) => temperatureMarginCelsius !== undefined,
  reject(view, decision) {
    if (decision.isLedgerOnly(view)) return undefined;
    const { temperatureMarginCelsius: least = 0, unknown } = decision.request;
    const margin = view.slowdownMarginCelsius;
    if (margin === undefined) {
      return unknown === 'reject' ? 'temperature-margin-unknown' : undefined;
    }
    return margin >= least ? undefined : 'too-hot';
  },
  text({ slowdownMarginCelsius: margin }, { request: { temperatureMarginCelsius: least } }) {
    const says =
      margin === undefined
        ? 'distance to its slowdown temperature unknown'
        : `${short(margin)} °C below its slowdown temperature`;
    return { reason: `${says}, at least ${least} °C wanted`, ...compared(margin, least) };
  },
  // Where nobody watches over a device, nobody reads its slowdown temperature either.
  outlook: ({ slowdownMarginCelsius, health }) =>
    slowdownMarginCelsius === undefined && health === undefined ? 'never' : 'later',
};
