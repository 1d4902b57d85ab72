import type { NativeLink } from '../native.js';

/** From near to far. `self`: a device and itself. */
export const linkKinds = [
  'self',
  'nvlink',
  'internal',
  'single-switch',
  'multi-switch',
  'host-bridge',
  'numa-node',
  'system',
] as const;
Object.freeze(linkKinds);

/**
 * `internal`: on one board. `single-switch`, `multi-switch`: by PCIe switches. `host-bridge`: by
 * one PCIe root. `numa-node`: within a NUMA node. `system`: across sockets.
 */
export type LinkKind = (typeof linkKinds)[number];

export interface TopologyLink {
  /** Absent: unknown. */
  readonly link?: LinkKind;
  /** Active NVLinks between the two; absent: unknown. */
  readonly nvlinkCount?: number;
  /** Whether each can read and write the other's memory; absent: unknown. */
  readonly peerAccess?: boolean;
}

/** How the devices hang together. */
export interface Topology {
  readonly deviceIds: readonly string[];
  /** `links[i][j]`: between `deviceIds[i]` and `deviceIds[j]`. */
  readonly links: readonly (readonly TopologyLink[])[];
  readonly simulated?: true;
}

export interface NativeTopology {
  readonly deviceIds: readonly string[];
  readonly cells: readonly (readonly (NativeLink | undefined)[])[];
  readonly linkNames: readonly string[];
}

/** The native side's cells as links; a name that is none of ours is unknown. */
export function topologyOf({ deviceIds, cells, linkNames }: NativeTopology): Topology {
  const links = deviceIds.map((_from, i) =>
    deviceIds.map((_to, j): TopologyLink => {
      if (i === j) return { link: 'self' };
      const cell = cells[i]?.[j];
      return cell === undefined ? {} : linkOf(cell, linkNames[cell.link]);
    }),
  );
  return { deviceIds, links };
}

function linkOf({ nvlinkCount, peerAccess }: NativeLink, name: string | undefined): TopologyLink {
  const link = linkKinds.find((kind) => kind === name);
  return {
    ...(link !== undefined && { link, nvlinkCount }),
    ...(peerAccess !== undefined && { peerAccess }),
  };
}
