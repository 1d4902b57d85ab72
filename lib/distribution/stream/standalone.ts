import { readOptions, wrongType } from '../../arguments.js';
import { DistributionStream } from './distribution-stream.js';
import type { StreamSource } from './intake.js';
import { StreamDevices } from './stream-devices.js';
import { readStreamOptions, type StreamOptions, streamKeys } from './stream-options.js';

/**
 * Hands items out to devices that are known by their ids alone, as `manager.distributeStream` does
 * to those of a cluster.
 * @throws TypeError, RangeError naming the option.
 *
 * @example
 * const devices = new StreamDevices([{ deviceId: 'a', speed: 2 }, { deviceId: 'b' }]);
 * await distributeStream(devices, prompts).run((prompt, { deviceId }) => infer(prompt, deviceId));
 */
export function distributeStream<T>(
  devices: StreamDevices,
  items: StreamSource<T>,
  options?: StreamOptions<T>,
): DistributionStream<T> {
  const host = StreamDevices.hostOf(devices);
  if (host === undefined) throw wrongType('devices', 'StreamDevices', devices);
  const checked = readStreamOptions<T>(readOptions(options, streamKeys));
  return new DistributionStream({ host, source: items, options: checked });
}
