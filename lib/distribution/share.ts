import { type DeviceColumns, hasBytes, jobOf } from './device-columns.js';
import { Distribution } from './distribution.js';
import type { Items } from './items.js';
import { planOf, requireAssigned } from './planning.js';
import { readSharedItems, type Sharing } from './sharing.js';

export interface ShareParts {
  readonly sharing: Sharing;
  readonly items: Items;
  /** Asked once what is said of items is read: that may have run code of the user's. */
  devicesOf(needsMemory: boolean): DeviceColumns;
}

/** @throws as the readers of items, `devicesOf`, and strategies */
export function share<T>({ sharing, items, devicesOf }: ShareParts): Distribution<T> {
  const values = readSharedItems(sharing, items);
  const job = jobOf({ sharing, items, values, devices: devicesOf(hasBytes(values.bytes)) });
  const { strategy } = sharing;
  const distribution = new Distribution<T>({
    strategy: typeof strategy === 'string' ? strategy : strategy.name,
    job,
    plan: planOf(job, strategy),
    items,
  });
  if (!sharing.mayLeaveOver) requireAssigned(distribution);
  return distribution;
}
