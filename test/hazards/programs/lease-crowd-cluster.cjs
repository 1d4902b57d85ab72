// The cluster that a crowd of workers shares, and what it may hold.

// Nobody computes, so free memory is what it is: what is reserved is the only thing that changes.
const openOptions = {
  simulate: {
    devices: [{ board: 'h100', count: 8, load: { shape: 'constant', percent: 0 } }],
  },
  periodMs: 10,
  maxHistory: 100,
  leases: { maxInFlight: 6 },
};

const devices = 8;
const weightUnit = 64;
const kibibyte = 1024;

module.exports = {
  openOptions,
  devices,
  maxInFlight: openOptions.leases.maxInFlight,
  weightUnit,
  kibibyte,
  /** Of what was granted: a weight and KiB a device. */
  grantedCells: 2 * devices,
};
