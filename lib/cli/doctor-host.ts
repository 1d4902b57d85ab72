import { isCudaOrderEstimated } from './cuda-order.js';
import type { Host } from './host.js';
import type { Environment } from './terminal.js';

export type Verdict = 'PASS' | 'WARN' | 'FAIL';

/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  readonly hint?: string;
}

/** The oldest Node with all that is used here. */
const oldestNode = [20, 17] as const;

export function checkPlatform({ platform, arch, glibcVersion }: Host): Finding {
  const check = 'platform';
  const libc = glibcVersion === undefined ? 'no glibc' : `glibc ${glibcVersion}`;
  const detail = platform === 'linux' ? `${platform} ${arch}, ${libc}` : `${platform} ${arch}`;
  if (platform === 'linux' && glibcVersion !== undefined) {
    if (arch === 'x64') return { check, verdict: 'PASS', detail };
    if (arch === 'arm64') {
      const hint = 'no prebuilt addon for it: build one with npx node-gyp rebuild';
      return { check, verdict: 'WARN', detail, hint };
    }
  }
  const hint =
    'live telemetry needs Linux on x64 or arm64 with glibc; the manual classes work here';
  return { check, verdict: 'FAIL', detail, hint };
}

export function checkNode({ nodeVersion }: Host): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [oldMajor, oldMinor] = oldestNode;
  const recent = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  const finding = { check: 'node', detail: `Node ${nodeVersion}` };
  if (recent) return { ...finding, verdict: 'PASS' };
  return { ...finding, verdict: 'FAIL', hint: `install Node ${oldestNode.join('.')} or newer` };
}

/** The version of the loaded kernel module, which a container sees as well as its host. */
export function kernelModuleVersion(host: Host): string | undefined {
  const text = host.readText('/proc/driver/nvidia/version');
  return /Kernel Module\D*?(?:x86_64|aarch64)?\s+(\d+(?:\.\d+)+)/.exec(text ?? '')?.[1];
}

export function checkDeviceFiles(host: Host): Finding {
  const check = 'device files';
  if (host.exists('/dev/dxg')) return { check, verdict: 'PASS', detail: '/dev/dxg (WSL)' };
  const files = host.list('/dev').filter((name) => /^nvidia(ctl|-uvm|\d+)$/.test(name));
  const paths = files.map((name) => `/dev/${name}`).sort();
  if (paths.length === 0) {
    const hint = 'load the driver (nvidia-smi does), or pass the GPUs into the container';
    return { check, verdict: 'FAIL', detail: 'no /dev/nvidia*', hint };
  }
  const refused = paths.filter((path) => !host.isAccessible(path));
  if (refused.length > 0) {
    const hint = `let this user read and write them: ls -l ${refused[0]} names their group`;
    return { check, verdict: 'FAIL', detail: `no access to ${refused.join(', ')}`, hint };
  }
  const blocked = paths.filter((path) => host.openFailure(path) === 'EPERM');
  if (blocked.length > 0) {
    const hint =
      'the control group keeps this process from them, as after systemctl daemon-reload on the ' +
      'host: restart the container, or allow its devices (docker run --gpus all, --device)';
    return { check, verdict: 'FAIL', detail: `blocked: ${blocked.join(', ')} (EPERM)`, hint };
  }
  const missing = ['/dev/nvidiactl', '/dev/nvidia-uvm'].filter((path) => !paths.includes(path));
  if (missing.length > 0) {
    const hint = 'CUDA needs them: nvidia-modprobe -u -c 0 makes them';
    return { check, verdict: 'WARN', detail: `no ${missing.join(', ')}`, hint };
  }
  return { check, verdict: 'PASS', detail: paths.join(', ') };
}

/** Where the driver does not say: its daemon shows that persistence is wanted. */
export function checkPersistence(host: Host): Finding {
  const runs = host.exists('/run/nvidia-persistenced/socket');
  const detail = runs
    ? 'nvidia-persistenced runs'
    : 'unknown: the driver does not say, and no nvidia-persistenced runs';
  return { check: 'persistence', verdict: 'PASS', detail };
}

export function checkContainer(host: Host): Finding {
  const check = 'container';
  const inside = containerKind(host);
  if (inside === undefined) return { check, verdict: 'PASS', detail: 'not in a container' };
  if (host.exists('/dev/dxg') || host.list('/dev').some((name) => /^nvidia\d+$/.test(name))) {
    return { check, verdict: 'PASS', detail: `${inside}, GPUs passed in` };
  }
  const module = kernelModuleVersion(host);
  const driver = module === undefined ? '' : `; the host has driver ${module}`;
  return {
    check,
    verdict: 'WARN',
    detail: `${inside}, no GPU passed in${driver}`,
    hint: 'start it with --gpus all and the NVIDIA Container Toolkit on the host',
  };
}

function containerKind(host: Host): string | undefined {
  if (host.exists('/.dockerenv')) return 'in a Docker container';
  if (host.exists('/run/.containerenv')) return 'in a Podman container';
  const groups = host.readText('/proc/1/cgroup') ?? '';
  return /docker|kubepods|containerd|libpod|lxc/.test(groups) ? 'in a container' : undefined;
}

/** Wrong values here hide GPUs from CUDA without a word. */
export interface VisibleDevice {
  readonly name: string;
  readonly cudaIndex?: number;
}

export function checkVisibility(devices: readonly VisibleDevice[], env: Environment): Finding {
  const check = 'CUDA_VISIBLE_DEVICES';
  const list = env.CUDA_VISIBLE_DEVICES;
  const visible = devices.filter(({ cudaIndex }) => cudaIndex !== undefined);
  const leaves = `${visible.length} of ${devices.length} devices are visible to CUDA`;
  const detail = list === undefined ? `not set: ${leaves}` : `'${list}': ${leaves}`;
  const entries =
    list === undefined ? 0 : list.split(',').filter((entry) => entry.trim() !== '').length;
  if (list !== undefined && visible.length < Math.max(1, entries)) {
    const hint = 'CUDA stops at the first entry that names no device and takes none twice';
    return { check, verdict: 'WARN', detail, hint };
  }
  if (isCudaOrderEstimated(devices, env)) {
    const hint = "CUDA's order of unequal boards is an estimate: set CUDA_DEVICE_ORDER=PCI_BUS_ID";
    return { check, verdict: 'WARN', detail: `${detail}; boards differ`, hint };
  }
  return { check, verdict: 'PASS', detail };
}
