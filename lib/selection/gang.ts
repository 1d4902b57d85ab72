// Devices that belong together: the group whose links add up to the most; of equals the one in the
// better tier, then the one that costs less.
import type { LinkKind, TopologyLink } from '../telemetry/topology.js';

/** The link between two devices of the cluster; undefined: unknown. */
export type LinkBetween = (deviceId: string, other: string) => TopologyLink | undefined;

/** Up to so many candidates every group is looked at: 12,870 of 8. Beyond that groups grow greedily
 * from every device, which may miss the best. */
export const mostExact = 16;

const linkScores: Readonly<Record<LinkKind, number>> = {
  self: 0,
  system: 0,
  'numa-node': 1,
  'host-bridge': 2,
  'multi-switch': 4,
  'single-switch': 8,
  internal: 16,
  nvlink: 32,
};

/** How near two devices are; NVLinks count each, what is unknown counts nothing. */
export function linkScore(link: TopologyLink | undefined): number {
  if (link?.link === undefined) return 0;
  const count = link.link === 'nvlink' ? Math.max(1, link.nvlinkCount ?? 1) : 1;
  return linkScores[link.link] * count;
}

export interface GangMember {
  readonly deviceId: string;
  readonly tier: number;
  readonly cost: number;
}

interface Worth {
  readonly links: number;
  readonly tiers: number;
  readonly cost: number;
}

export interface Gang extends Worth {
  /** Indices of the candidates, ascending. */
  readonly members: readonly number[];
}

const nothing: Worth = { links: 0, tiers: 0, cost: 0 };

function isBetter(worth: Worth, other: Worth | undefined): boolean {
  if (other === undefined) return true;
  if (worth.links !== other.links) return worth.links > other.links;
  if (worth.tiers !== other.tiers) return worth.tiers < other.tiers;
  return worth.cost < other.cost;
}

/** Grows groups of one size over the candidates. */
class GangSearch {
  readonly #candidates: readonly GangMember[];
  readonly #size: number;
  /** Link scores, row after row. */
  readonly #links: Float64Array;
  #best: Gang | undefined;

  constructor(candidates: readonly GangMember[], size: number, linkBetween?: LinkBetween) {
    this.#candidates = candidates;
    this.#size = size;
    this.#links = new Float64Array(candidates.length ** 2);
    for (const [row, { deviceId }] of candidates.entries()) {
      for (const [column, other] of candidates.entries()) {
        const link = row === column ? undefined : linkBetween?.(deviceId, other.deviceId);
        this.#links[row * candidates.length + column] = linkScore(link);
      }
    }
  }

  exact(): Gang | undefined {
    this.#extend([], nothing);
    return this.#best;
  }

  /** Every group that these, ascending, begin. */
  #extend(members: number[], worth: Worth): void {
    if (members.length === this.#size) {
      this.#offer(members, worth);
      return;
    }
    const missing = this.#size - members.length;
    const first = (members.at(-1) ?? -1) + 1;
    for (let next = first; next <= this.#candidates.length - missing; next += 1) {
      const grown = this.#with(members, next, worth);
      members.push(next);
      this.#extend(members, grown);
      members.pop();
    }
  }

  greedy(): Gang | undefined {
    for (const start of this.#candidates.keys()) {
      const members = [start];
      let worth = this.#with([], start, nothing);
      while (members.length < this.#size) {
        const { next, grown } = this.#nearest(members, worth);
        members.push(next);
        worth = grown;
      }
      this.#offer(members, worth);
    }
    return this.#best;
  }

  #nearest(members: readonly number[], worth: Worth): { next: number; grown: Worth } {
    let best: { next: number; grown: Worth } | undefined;
    for (const next of this.#candidates.keys()) {
      if (members.includes(next)) continue;
      const grown = this.#with(members, next, worth);
      if (isBetter(grown, best?.grown)) best = { next, grown };
    }
    if (best === undefined) throw new Error('a group larger than its candidates');
    return best;
  }

  #with(members: readonly number[], next: number, { links, tiers, cost }: Worth): Worth {
    const row = next * this.#candidates.length;
    let gained = 0;
    for (const member of members) gained += this.#links[row + member] ?? 0;
    const candidate = this.#candidates[next];
    return {
      links: links + gained,
      tiers: tiers + (candidate?.tier ?? 0),
      cost: cost + (candidate?.cost ?? 0),
    };
  }

  #offer(members: readonly number[], worth: Worth): void {
    if (isBetter(worth, this.#best)) {
      this.#best = { ...worth, members: members.toSorted((a, b) => a - b) };
    }
  }
}

/** Undefined: there are fewer candidates than that. Of equal groups the first in their order. */
export function gangOf(
  candidates: readonly GangMember[],
  size: number,
  linkBetween?: LinkBetween,
): Gang | undefined {
  if (size < 1 || candidates.length < size) return undefined;
  const search = new GangSearch(candidates, size, linkBetween);
  return candidates.length <= mostExact ? search.exact() : search.greedy();
}
