import type { DriverEvent, DriverEventKind } from '../../lib/telemetry/cluster-events.js';
import { HealthMonitor, type HealthMonitorOptions } from '../../lib/telemetry/health.js';
import type {
  DeviceFacts,
  HealthChange,
  HealthReason,
  HealthState,
} from '../../lib/telemetry/health-state.js';

/** Unix time at the monotonic 0 of these tests. */
export const bootMs = 1_700_000_000_000;

export function driverEvent(
  kind: DriverEventKind,
  more: Partial<DriverEvent> & { readonly monotonicMs: number },
): DriverEvent {
  const timestampMs = bootMs + more.monotonicMs;
  return { sequence: 1, timestampMs, kind, code: 0, count: 1, ...more };
}

/** The health of one device, `GPU-1`, told step by step. */
export class Patient {
  readonly monitor: HealthMonitor;
  readonly changes: HealthChange[] = [];
  #monotonicMs = 0;

  constructor(options: HealthMonitorOptions = {}) {
    this.monitor = new HealthMonitor(options);
    this.monitor.track('GPU-1', bootMs);
  }

  get state(): HealthState | undefined {
    return this.monitor.healthOf('GPU-1')?.state;
  }

  get reason(): HealthReason | undefined {
    return this.monitor.healthOf('GPU-1')?.reason;
  }

  /** Each change as `state` or `state reason`. */
  get course(): readonly string[] {
    return this.changes.map(({ health }) => [health.state, health.reason ?? []].flat().join(' '));
  }

  /** Lets time pass, as whoever owns a monitor does it: with a tick. */
  after(ms: number): this {
    this.#monotonicMs += ms;
    this.#note(this.monitor.tick(this.#moment()));
    return this;
  }

  is(kind: DriverEventKind, code = 0): this {
    return this.late(0, kind, code);
  }

  xid(...codes: readonly number[]): this {
    for (const code of codes) this.is('xid', code);
    return this;
  }

  /** An event of a while ago that comes to light now. */
  late(ageMs: number, kind: DriverEventKind, code = 0): this {
    const monotonicMs = this.#monotonicMs - ageMs;
    const whole = kind.startsWith('driver-');
    const device = whole ? {} : { deviceId: 'GPU-1' };
    this.#note(this.monitor.apply(driverEvent(kind, { monotonicMs, code, ...device })));
    return this;
  }

  /** Values that were read so long ago. */
  reads(values: { readonly [F in keyof DeviceFacts]: number }, ageMs = 0): this {
    const monotonicMs = this.#monotonicMs - ageMs;
    const facts = Object.entries(values).map(([name, value]) => [name, { value, monotonicMs }]);
    this.#note(this.monitor.observe('GPU-1', Object.fromEntries(facts), this.#moment()));
    return this;
  }

  cleared(reason?: HealthReason): this {
    const { timestampMs } = this.#moment();
    this.#note(this.monitor.clear('GPU-1', { timestampMs, reason }));
    return this;
  }

  #moment() {
    return { timestampMs: bootMs + this.#monotonicMs, monotonicMs: this.#monotonicMs };
  }

  #note(changes: readonly HealthChange[]): void {
    this.changes.push(...changes);
  }
}
