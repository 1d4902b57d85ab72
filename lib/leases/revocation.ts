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
      followList(book);
      return;
    default:
  }
}

/** Leases of devices that are gone end when the board takes the list in. */
function followList({ board }: LeaseBook): void {
  try {
    board.refresh();
  } catch {
    // Of a function of the user's that says how fast a device is: who decides next is told.
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
  for (const device of devices) count += book.leaseCountOn(device);
  return count === 1;
}
