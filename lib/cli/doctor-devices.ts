import { type Cluster, type Device, devicesOf } from './cluster.js';
import type { Finding } from './doctor-host.js';

/** What the devices of an open cluster say of themselves. */
export function findingsOfDevices(cluster: Cluster): readonly Finding[] {
  const devices = devicesOf(cluster);
  return [
    healthFinding(cluster, devices),
    ...persistenceFindings(cluster, devices),
    ...recordFindings(cluster, devices),
  ];
}

function healthFinding(cluster: Cluster, devices: readonly Device[]): Finding {
  const ill = devices.flatMap(({ deviceId, index }) => {
    const health = cluster.getHealth(deviceId);
    return health === undefined || health.state === 'ok' ? [] : [{ index, ...health }];
  });
  const check = 'health';
  const worst = ill.find(({ state }) => state !== 'degraded') ?? ill[0];
  if (worst === undefined) return { check, verdict: 'PASS', detail: 'no device reports a fault' };
  const detail = ill
    .map(({ index, state, message = '' }) => `device ${index} is ${state}: ${message}`)
    .join('; ');
  const verdict = worst.state === 'degraded' ? 'WARN' : 'FAIL';
  const { recovery: hint } = worst;
  return { check, verdict, detail, ...(hint === undefined ? {} : { hint }) };
}

/** None where no device says. */
function persistenceFindings(cluster: Cluster, devices: readonly Device[]): readonly Finding[] {
  const modes = devices.map(({ deviceId, index }) => ({
    index,
    mode: cluster.getDetails(deviceId)?.persistenceMode,
  }));
  if (modes.every(({ mode }) => mode === undefined)) return [];
  const off = modes.filter(({ mode }) => mode === 0).map(({ index }) => index);
  const check = 'persistence';
  if (off.length === 0) return [{ check, verdict: 'PASS', detail: 'mode is on' }];
  const hint =
    'the driver unloads when nobody uses it: opening takes seconds, counters begin anew; ' +
    'run nvidia-persistenced, or nvidia-smi -pm 1';
  return [{ check, verdict: 'WARN', detail: `mode is off on device ${off.join(', ')}`, hint }];
}

/** Bytes of a process record that some R535 drivers write where 24 are declared. */
const longRecordBytes = 32;

/** None where all is as declared. */
function recordFindings(cluster: Cluster, devices: readonly Device[]): readonly Finding[] {
  const found = devices.some(
    ({ deviceId }) => cluster.getDetails(deviceId)?.processRecordBytes === longRecordBytes,
  );
  if (!found) return [];
  return [
    {
      check: 'process records',
      verdict: 'WARN',
      detail: `the driver writes ${longRecordBytes}-byte process records where 24 are declared`,
      hint: 'read rightly here; other NVML programs may mix up pids: update to 535.98 or newer',
    },
  ];
}
