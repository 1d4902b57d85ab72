import { BlockReader } from '../../lib/telemetry/block.js';
import { DeviceFilter } from '../../lib/telemetry/device-filter.js';
import { LiveTelemetry } from '../../lib/telemetry/live.js';
import { LiveDevices } from '../../lib/telemetry/live-devices.js';
import type { OpenOptions } from '../../lib/telemetry/open-options.js';
import type { CudaEnvironment } from '../../lib/telemetry/visibility.js';
import { FakeNative, type FakeSession, fakeLayout } from './fake-native.js';

export interface LiveParts {
  readonly native: FakeNative;
  readonly block: BlockReader;
  readonly devices: LiveDevices;
  readonly live: LiveTelemetry;
}

/** What `open()` puts together, over an addon without native code. */
export function liveParts(
  session: FakeSession,
  filter: NonNullable<OpenOptions['devices']> = 'all',
  environment: CudaEnvironment = {},
): LiveParts {
  const native = new FakeNative(session);
  const block = new BlockReader(session, fakeLayout);
  const filtered = new DeviceFilter(filter);
  const devices = new LiveDevices({ native, session, block, filter: filtered, environment });
  const live = new LiveTelemetry({ native, session, block, devices, maxHistory: 5 });
  return { native, block, devices, live };
}
