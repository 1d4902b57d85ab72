import type { LiveStatus } from '../telemetry/live-status.js';
import { type Cluster, devicesOf, statusOf } from './cluster.js';
import type { Finding } from './doctor-host.js';
import { detailsOf } from './failure.js';
import { countText } from './format.js';

/** What opening the driver goes through, in order; a failure ends it at one of them. */
const stages = ['addon', 'library', 'driver', 'devices'] as const;
type Stage = (typeof stages)[number];

const failingStages: ReadonlyMap<string, Stage | 'simulator' | 'platform'> = new Map([
  ['ERR_GPU_PLATFORM_UNSUPPORTED', 'platform'],
  ['ERR_GPU_ADDON_NOT_FOUND', 'addon'],
  ['ERR_GPU_ADDON_DISABLED', 'addon'],
  ['ERR_GPU_SIMULATOR_NOT_FOUND', 'simulator'],
  ['ERR_GPU_SCENARIO_INVALID', 'simulator'],
  ['ERR_GPU_LIBRARY_NOT_FOUND', 'library'],
  ['ERR_GPU_LIBRARY_INVALID', 'library'],
  ['ERR_GPU_NO_DEVICE', 'devices'],
]);

const passedTexts: Readonly<Record<Stage, string>> = {
  addon: 'loads',
  library: 'found and loads',
  driver: 'initialises',
  devices: '',
};

/** Turns the error of a failed open into what passed before it and what failed. */
export function findingsOfFailure(
  error: unknown,
  moduleVersion: string | undefined,
): readonly Finding[] {
  const { code, hint } = detailsOf(error);
  const stage = failingStages.get(code ?? '') ?? 'driver';
  const passed =
    stage === 'platform' || stage === 'simulator' ? [] : stages.slice(0, stages.indexOf(stage));
  const message = error instanceof Error ? error.message : String(error);
  const module = `kernel module ${moduleVersion ?? 'not loaded'}`;
  const failed: Finding = {
    check: stage,
    verdict: 'FAIL',
    detail: [code, message].filter((part) => part !== undefined).join(': '),
    ...(hint === undefined ? {} : { hint }),
  };
  const detail = stage === 'driver' ? `${failed.detail} (${module})` : failed.detail;
  return [
    ...passed.map((check): Finding => ({ check, verdict: 'PASS', detail: passedTexts[check] })),
    { ...failed, detail },
  ];
}

/** What an open cluster tells of addon, library, driver and devices. */
export function findingsOfCluster(cluster: Cluster): readonly Finding[] {
  const status = statusOf(cluster);
  return [
    { check: 'addon', verdict: 'PASS', detail: 'loads' },
    { check: 'library', verdict: 'PASS', detail: status.libraryPath },
    ...(status.simulated ? [simulatorFinding(status)] : []),
    driverFinding(status),
    devicesFinding(cluster),
    samplesFinding(cluster),
  ];
}

function simulatorFinding({ simulation }: LiveStatus): Finding {
  const scenario = simulation?.scenario ?? 'unnamed';
  const hint = 'nothing here is read from a GPU';
  return { check: 'simulator', verdict: 'WARN', detail: `simulated: scenario ${scenario}`, hint };
}

function driverFinding({ driverVersion, cudaDriverVersion, nvmlVersion }: LiveStatus): Finding {
  const check = 'driver';
  const detail = `${driverVersion}, CUDA ${cudaDriverVersion ?? 'unknown'}, NVML ${nvmlVersion}`;
  if (!hasOldProcessRecords(driverVersion)) return { check, verdict: 'PASS', detail };
  const hint = 'drivers 535.43 to 535.86 have other process records: update to 535.98 or newer';
  return { check, verdict: 'WARN', detail, hint };
}

function hasOldProcessRecords(driverVersion: string): boolean {
  const [branch, release = Number.NaN] = driverVersion.split('.').map(Number);
  return branch === 535 && release >= 43 && release <= 86;
}

function devicesFinding(cluster: Cluster): Finding {
  const devices = devicesOf(cluster);
  const counts = new Map<string, number>();
  for (const { name } of devices) counts.set(name, (counts.get(name) ?? 0) + 1);
  const boards = [...counts].map(([name, count]) => `${count} x ${name}`).join(', ');
  const { skippedDevices: skipped = 0 } = statusOf(cluster);
  if (skipped > 0) {
    const refused = `the driver would not hand out ${countText(skipped, 'more device')}`;
    return {
      check: 'devices',
      verdict: 'WARN',
      detail: `${boards === '' ? 'none' : boards}; ${refused}`,
      hint: 'a lost GPU, or one this container or user may not open: nvidia-smi -L tells more',
    };
  }
  if (devices.length > 0) return { check: 'devices', verdict: 'PASS', detail: boards };
  return {
    check: 'devices',
    verdict: 'FAIL',
    detail: 'none',
    hint: 'the driver answers and has no GPU: lspci and dmesg tell more',
  };
}

function samplesFinding(cluster: Cluster): Finding {
  const devices = devicesOf(cluster);
  const failures = new Map(statusOf(cluster).failing.map(({ deviceId, code }) => [deviceId, code]));
  const failed = devices.flatMap(({ deviceId, index }) => {
    const code = failures.get(deviceId);
    return code === undefined ? [] : [`device ${index} fails: ${code}`];
  });
  const silent = devices
    .filter(({ deviceId }) => !failures.has(deviceId))
    .filter(({ deviceId }) => cluster.getMetrics(deviceId) === undefined)
    .map(({ index }) => index);
  const check = 'samples';
  if (silent.length === 0 && failed.length === 0) {
    const detail = `${countText(devices.length, 'device')} answered within a second`;
    return { check, verdict: 'PASS', detail };
  }
  const late = silent.length === 0 ? [] : [`no answer within a second from ${silent.join(', ')}`];
  const hint = 'a hung or lost GPU: nvidia-smi and dmesg tell more';
  return { check, verdict: 'WARN', detail: [...failed, ...late].join('; '), hint };
}
