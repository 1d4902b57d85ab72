import { describe, expect, it } from 'vitest';
import { castOf, type LedgerKind, type ReplayPolicy } from '../../../lib/replay/cast.js';
import { type ReplayPlan, replay, replayPolicy } from '../../../lib/replay/replay.js';
import { loadScenario } from '../../../lib/replay/scenario.js';

/** Speeds 1, 1, 1, 1, 2, 2, 4, 4. */
const scenario = loadScenario('heterogeneous', []);

interface Setting {
  readonly seed?: number;
  readonly dispatchers?: number;
  readonly ledger?: LedgerKind;
  readonly telemetryMs?: number;
  readonly memoryBytes?: number;
}

const defaults: ReplayPlan = {
  scenario,
  load: 0.7,
  burst: 2,
  seconds: 120,
  serviceMs: 200,
  seed: 1,
  dispatchers: 16,
  ledger: 'shared',
  telemetryMs: 1000,
  memoryBytes: 0,
};

function play(policy: ReplayPolicy, setting: Setting = {}) {
  const { meanMs = Number.NaN, ...others } = replayPolicy({ ...defaults, ...setting }, policy);
  return { meanMs, ...others };
}

/** The greatest share of a GPU's memory that requests had at any time. */
function mostUsed({ ledger = 'shared', ...setting }: Setting): number {
  let most = 0;
  replay({ ...defaults, seconds: 20, ...setting }, (stage) => {
    const dispatchers = castOf('least-loaded', { ledger, stage });
    return {
      ...dispatchers,
      acquire(request) {
        const grant = dispatchers.acquire(request);
        const gpu = grant && stage.gpus[grant.gpu];
        const present = gpu === undefined ? 0 : gpu.present + 1;
        const share = (present * stage.settings.memoryBytes) / (gpu?.background.totalBytes ?? 1);
        most = Math.max(most, share);
        return grant;
      },
    };
  });
  return most;
}

const meanOf = (policy: ReplayPolicy, setting?: Setting) => play(policy, setting).meanMs;

describe('the simulation that the choice of policies rests on', () => {
  it.each([1, 2, 3])('seed %d: in-flight over speed, shared, is near the oracle', (seed) => {
    const [oracle, leastLoaded, score] = [
      meanOf('oracle', { seed }),
      meanOf('least-loaded', { seed }),
      meanOf('score', { seed }),
    ];
    expect(leastLoaded / oracle).toBeLessThan(1.1);
    expect(leastLoaded / oracle).toBeGreaterThanOrEqual(1);
    expect(score / leastLoaded).toBeGreaterThan(10);
  });

  it('fresher telemetry helps, accounting helps more', () => {
    const fresh = meanOf('score', { telemetryMs: 100 });
    expect(meanOf('score') / fresh).toBeGreaterThan(2);
    expect(fresh / meanOf('least-loaded')).toBeGreaterThan(2);
    expect(meanOf('least-loaded', { telemetryMs: 60_000 })).toBe(meanOf('least-loaded'));
  });

  it('a shared ledger makes 16 dispatchers one', () => {
    const ratio = meanOf('least-loaded') / meanOf('least-loaded', { dispatchers: 1 });
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
  });

  it('private ledgers decay with the number of dispatchers, two choices soften that', () => {
    const alone = { ledger: 'private' } as const;
    const [one, four, sixteen] = [1, 4, 16].map((dispatchers) =>
      meanOf('least-loaded', { ...alone, dispatchers }),
    );
    expect(one).toBeLessThan((four ?? 0) / 1.2);
    expect(four).toBeLessThan((sixteen ?? 0) / 1.2);
    expect(meanOf('power-of-two', alone)).toBeLessThan(sixteen ?? 0);
    expect(meanOf('power-of-two', { dispatchers: 1 })).toBeGreaterThan(one ?? Infinity);
  });
});

describe('what goes through the selection code', () => {
  it('every request comes back to where it was taken from', () => {
    for (const policy of ['estimated-completion', 'affinity', 'round-robin'] as const) {
      const { requests, refused, served } = play(policy, { dispatchers: 4, ledger: 'private' });
      expect(refused).toBe(0);
      expect(served.reduce((sum, count) => sum + count, 0)).toBe(requests);
    }
  });

  it('memory is never promised twice over a shared ledger, and is over private ones', () => {
    // The small boards hold two such requests, the middle ones four, the large ones eight.
    const memoryBytes = 9.5 * 2 ** 30;
    expect(mostUsed({ memoryBytes, ledger: 'shared' })).toBeLessThanOrEqual(1);
    expect(mostUsed({ memoryBytes, ledger: 'private' })).toBeGreaterThan(1);
  });

  it('memory that was given back counts as used until a sample shows it', () => {
    const [fresh, old] = [50, 2000].map((telemetryMs) =>
      play('least-loaded', { memoryBytes: 9.5 * 2 ** 30, telemetryMs, dispatchers: 1 }),
    );
    expect(fresh?.refused).toBeGreaterThan(0);
    expect(old?.refused).toBeGreaterThan(2 * (fresh?.refused ?? Infinity));
  });

  it('is the same to the last digit each time', () => {
    const setting = { dispatchers: 4, telemetryMs: 300 };
    for (const policy of ['power-of-two', 'estimated-completion'] as const) {
      expect(play(policy, setting)).toEqual(play(policy, setting));
    }
  });
});
