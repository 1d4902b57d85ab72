import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { loadNative, type NativeOpenOptions, type NativeSession } from '../../lib/native.js';
import type { DriverEventKind } from '../../lib/telemetry/cluster-events.js';
import type { AnyMetricKey } from '../../lib/telemetry/metrics.generated.js';
import { ownSimulatedDriverPath } from '../../lib/testing/simulator.js';

export const native = loadNative();
export const { layout } = native;
export const libraryPath = ownSimulatedDriverPath();
export const load = { shape: 'constant', percent: 40 };
const sessions: NativeSession[] = [];

export function start(
  devices: readonly object[],
  more: Partial<NativeOpenOptions> = {},
): NativeSession {
  const session = native.openSession({
    libraryPath,
    scenario: JSON.stringify({ devices }),
    periodMs: 10,
    maxHistory: 1000,
    memoryLimitBytes: 2 ** 28,
    hangTimeoutMs: 2000,
    idleReleaseMs: 0,
    ...more,
  });
  sessions.push(session);
  return session;
}

/** Far longer than anything here takes. */
export async function until(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 20_000; !done(); await sleep(2)) {
    if (performance.now() > deadline) throw new Error(`not within 20 s: ${done}`);
  }
}

export async function open(
  devices: readonly object[],
  more: Partial<NativeOpenOptions> = {},
): Promise<NativeSession> {
  const session = start(devices, more);
  await until(() => session.state() !== 'opening');
  expect(session.failure()).toBeUndefined();
  session.watch(session.devices().map(({ row }) => row));
  return session;
}

export function command(name: string, argument: object): string {
  const { reply, failure } = native.controlSimulator(libraryPath, name, JSON.stringify(argument));
  expect(failure).toBeUndefined();
  return reply;
}

export function rowsOf(count: number, doubles: number, into: Float64Array): number[][] {
  return Array.from({ length: count }, (_, at) =>
    Array.from(into.subarray(at * doubles, (at + 1) * doubles)),
  );
}

/** Of a tier: the values of each sample and their states by metric, after its three numbers. */
export function history(session: NativeSession, row: number, tier: number): number[][] {
  const begin = native.tierEnds[tier - 1] ?? 0;
  const doubles = 3 + 2 * ((native.tierEnds[tier] ?? 0) - begin);
  const into = new Float64Array(1000 * Math.max(doubles, 1));
  return rowsOf(session.readHistory({ row, which: tier, from: 1 }, into), doubles, into);
}

export function series(session: NativeSession, row: number, which: number, from = 1): number[][] {
  const into = new Float64Array(4000);
  return rowsOf(session.readSeries({ row, which, from }, into), 4, into);
}

export interface Event {
  readonly sequence: number;
  readonly kind: DriverEventKind;
  readonly number: number;
  readonly code: number;
  readonly count: number;
}

export function events(session: NativeSession, from = 1): Event[] {
  const into = new Float64Array(7000);
  return rowsOf(session.readEvents(from, into), 7, into).map(
    ([sequence = 0, , , kind = 0, number = 0, code = 0, count = 0]) => ({
      sequence,
      kind: native.eventKinds[kind] as DriverEventKind,
      number,
      code,
      count,
    }),
  );
}

export function report(session: NativeSession, row: number, metric: AnyMetricKey) {
  const into = new Float64Array(7 * native.metricKeys.length);
  expect(session.readReports(row, into)).toBe(true);
  const [value, knownMs, knownUnixMs, , , state = 0] = into.subarray(
    7 * native.metricKeys.indexOf(metric),
  );
  return { value, knownMs, knownUnixMs, state: native.valueStates[state] };
}

export function header(session: NativeSession, word: number): number {
  const into = new BigUint64Array(1);
  session.readHeader(word, into);
  return Number(into[0]);
}

export function driverState(session: NativeSession): string | undefined {
  return native.driverStates[header(session, layout.driverWord)];
}

/** For after each test: lets go of all sessions of this file. */
export async function closeAll(): Promise<void> {
  for (const session of sessions) session.close();
  await until(() => sessions.every((session) => session.closed()));
  sessions.splice(0);
}
