// Devices that belong together: the group whose links add up to the most; of equals the one with
// more on one NUMA node, in the better tier, then the one that costs less.
import type { LinkKind, TopologyLink } from '../telemetry/topology.js';

/** The link between two devices of the cluster; undefined: unknown. */
export type LinkBetween = (deviceId: string, other: string) => TopologyLink | undefined;

/**
 * Up to so many candidates every group is looked at: 12,870 of 8. Beyond that groups grow greedily
 * from every device, which may miss the best.
 */
export const mostExact = 16;
/** Groups grow from as many devices as this many looks allow, a quarter of a second. */
const mostLooks = 2 ** 26;
/** Link scores are whole numbers, and of 1024 devices all pairs of this are less than 1. */
const sameNode = 2 ** -20;

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
  readonly numaNode?: number | undefined;
  readonly tier: number;
  readonly cost: number;
}

interface Worth {
  /** Between all of them; the part below 1 is what they have in common of NUMA nodes. */
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
  /** Link scores and common NUMA nodes, row after row. */
  readonly #links: Float64Array;
  #best: Gang | undefined;

  constructor(candidates: readonly GangMember[], size: number, linkBetween?: LinkBetween) {
    this.#candidates = candidates;
    this.#size = size;
    this.#links = new Float64Array(candidates.length ** 2);
    for (const [row, { deviceId, numaNode }] of candidates.entries()) {
      for (const [column, other] of candidates.entries()) {
        if (row === column) continue;
        const node = numaNode !== undefined && numaNode === other.numaNode ? sameNode : 0;
        const link = linkBetween?.(deviceId, other.deviceId);
        this.#links[row * candidates.length + column] = linkScore(link) + node;
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
    const { length } = this.#candidates;
    const starts = Math.ceil(mostLooks / (length * this.#size));
    for (let start = 0; start < Math.min(length, starts); start += 1) this.#growFrom(start);
    return this.#best;
  }

  /** Takes the nearest of the others until it is a group. */
  #growFrom(start: number): void {
    const { length } = this.#candidates;
    /** Of each to all members; -1: it is one. */
    const gains = new Float64Array(length);
    const members: number[] = [];
    let worth = nothing;
    for (let next = start; ; next = this.#nearest(gains)) {
      worth = this.#plus(worth, next, gains[next] ?? 0);
      members.push(next);
      if (members.length === this.#size) break;
      for (let other = 0; other < length; other += 1) {
        const gain = gains[other] as number;
        if (gain !== -1) gains[other] = gain + (this.#links[next * length + other] as number);
      }
      gains[next] = -1;
    }
    this.#offer(members, worth);
  }

  /** REQUIRES: one is no member. */
  #nearest(gains: Float64Array): number {
    let best = -1;
    for (let next = 0; next < gains.length; next += 1) {
      const gain = gains[next] as number;
      if (gain === -1) continue;
      const ahead = best === -1 ? 1 : gain - (gains[best] as number);
      if (ahead > 0 || (ahead === 0 && this.#isCheaper(next, best))) best = next;
    }
    return best;
  }

  #isCheaper(one: number, other: number): boolean {
    const [a, b] = [this.#candidates[one], this.#candidates[other]];
    if (a === undefined || b === undefined) return false;
    return a.tier < b.tier || (a.tier === b.tier && a.cost < b.cost);
  }

  #with(members: readonly number[], next: number, worth: Worth): Worth {
    const row = next * this.#candidates.length;
    let gained = 0;
    for (const member of members) gained += this.#links[row + member] ?? 0;
    return this.#plus(worth, next, gained);
  }

  #plus({ links, tiers, cost }: Worth, next: number, gained: number): Worth {
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
