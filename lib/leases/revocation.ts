import type { ClusterEvent } from '../telemetry/cluster-events.js';
import type { LeaseTreatment } from '../telemetry/health-state.js';
import type { LeaseBook } from './lease-book.js';
import type { LeasedDevice } from './leased-devices.js';

/**
 * Ends leases as the health of their devices, and the rule of an Xid, say. `notify` and `drain` are
 * told by the event itself, and by `Lease.draining`.
 *
 * The driver does not say whose work failed: what is meant for the owner ends a lease that is alone
 * on the device, and no other.
 */
export function revokeFor(event: ClusterEvent, book: LeaseBook): void {
  switch (event.type) {
    case 'health': {
      const { leases, state, reason, message } = event.health;
      if (leases === undefined) return;
      treat(book, { ...leases, deviceId: event.deviceId, why: `${state} (${reason}): ${message}` });
      return;
    }
    case 'xid': {
      const { deviceId, rule } = event;
      if (deviceId === undefined) return;
      treat(book, { ...rule, deviceId, why: `hit by Xid ${event.xid}: ${rule.meaning}` });
      return;
    }
    case 'device-removed':
    case 'device-added':
      book.board.refresh();
      book.follow();
      return;
    default:
  }
}

interface Trouble extends LeaseTreatment {
  readonly deviceId: string;
  readonly why: string;
}

function treat(book: LeaseBook, { deviceId, why, runningLeases, scope }: Trouble): void {
  if (runningLeases !== 'revoke') return;
  // What is wrong with a GPU is wrong with its MIG instances.
  const isMeant = ({ deviceId: id, device }: LeasedDevice) =>
    id === deviceId || device.parentDeviceId === deviceId;
  const devices = book.devices.listed.filter(isMeant);
  if (scope === 'owner' && !isSole(book, devices)) return;
  const message = () => `device ${deviceId} is ${why}`;
  if (scope === 'links') {
    book.revoke(devices, message, ({ holdings }) => holdings.length > 1);
  } else {
    book.revoke(devices, message);
    book.revokeTokens(devices);
  }
}

function isSole(book: LeaseBook, devices: readonly LeasedDevice[]): boolean {
  let count = 0;
  for (const { index } of devices) count += book.board.views[index]?.leaseCount ?? 0;
  return count === 1;
}
