import type { Environment } from './terminal.js';

/**
 * Whether `cudaIndex` is an estimate: unlike boards come "fastest first", and CUDA does not say how
 * it judges that. It is exact where boards are alike, under CUDA_DEVICE_ORDER=PCI_BUS_ID, and where
 * CUDA_VISIBLE_DEVICES lists UUIDs.
 */
export function isCudaOrderEstimated(
  devices: readonly { readonly name: string }[],
  { CUDA_DEVICE_ORDER, CUDA_VISIBLE_DEVICES }: Environment,
): boolean {
  if (CUDA_DEVICE_ORDER === 'PCI_BUS_ID') return false;
  const entries = CUDA_VISIBLE_DEVICES?.split(',') ?? [''];
  if (entries.every((entry) => /^(GPU|MIG)-/i.test(entry.trim()))) return false;
  return new Set(devices.map(({ name }) => name)).size > 1;
}
