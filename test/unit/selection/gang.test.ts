import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GangMember, gangOf, linkScore, mostExact } from '../../../lib/selection/gang.js';
import type { LinkKind, TopologyLink } from '../../../lib/telemetry/topology.js';
import { numbers } from '../../support/cluster.js';
import { pipeline, view } from '../../support/views.js';

const member = (index: number, cost = 0, tier = 0): GangMember => ({
  deviceId: `${index}`,
  cost,
  tier,
});

function subsets(count: number, size: number, first = 0): number[][] {
  if (size === 0) return [[]];
  return numbers(count)
    .slice(first)
    .flatMap((head) => subsets(count, size - 1, head + 1).map((rest) => [head, ...rest]));
}

const kinds: readonly LinkKind[] = [
  'system',
  'numa-node',
  'host-bridge',
  'single-switch',
  'nvlink',
];

/** Links between `count` devices by a number each; a pair has the same link both ways. */
function linksBy(figures: readonly number[], count: number) {
  return (deviceId: string, other: string): TopologyLink | undefined => {
    const [low = 0, high = 0] = [Number(deviceId), Number(other)].sort((a, b) => a - b);
    const figure = figures[(low * count + high) % figures.length] ?? 0;
    const link = kinds[figure % (kinds.length + 1)];
    return link === undefined ? undefined : { link, nvlinkCount: 1 + (figure % 4) };
  };
}

type Links = ReturnType<typeof linksBy>;

function worthOf(members: readonly number[], all: readonly GangMember[], links: Links) {
  const pairs = members.flatMap((a) => members.filter((b) => a < b).map((b) => [a, b] as const));
  return {
    links: pairs.reduce((sum, [a, b]) => sum + linkScore(links(`${a}`, `${b}`)), 0),
    tiers: members.reduce((sum, index) => sum + (all[index]?.tier ?? 0), 0),
    cost: members.reduce((sum, index) => sum + (all[index]?.cost ?? 0), 0),
  };
}

describe('a group', () => {
  it('is the best of all there are', () => {
    const members = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ max: 1, min: 0 })),
      {
        minLength: 1,
        maxLength: 9,
      },
    );
    const figures = fc.array(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 81 });
    fc.assert(
      fc.property(members, figures, fc.integer({ min: 1, max: 5 }), (given, figured, size) => {
        const all = given.map(([cost, tier], index) => member(index, cost, tier));
        const links = linksBy(figured, all.length);
        const gang = gangOf(all, size, links);
        if (all.length < size) {
          expect(gang).toBeUndefined();
          return;
        }
        const worths = subsets(all.length, size).map((each) => worthOf(each, all, links));
        const [best] = worths.sort(
          (a, b) => b.links - a.links || a.tiers - b.tiers || a.cost - b.cost,
        );
        expect(gang).toMatchObject(best ?? {});
        expect(worthOf(gang?.members ?? [], all, links)).toEqual(best);
        expect(new Set(gang?.members).size).toBe(size);
      }),
      { numRuns: 300 },
    );
  });

  it('is exact over sixteen devices, where growing greedily would miss it', () => {
    // One pair with many links lures away from four that are all linked.
    const links = (a: string, b: string): TopologyLink => {
      const pair = [a, b].sort().join();
      if (pair === '0,1') return { link: 'nvlink', nvlinkCount: 5 };
      const isFour = [a, b].every((id) => Number(id) >= 12);
      return isFour ? { link: 'nvlink', nvlinkCount: 2 } : { link: 'system' };
    };
    const gang = gangOf(
      numbers(mostExact).map((index) => member(index)),
      4,
      links,
    );
    expect(gang?.members).toEqual([12, 13, 14, 15]);
  });

  it('of more than sixteen is found all the same, growing from every device', () => {
    const links = (a: string, b: string): TopologyLink => ({
      link: Math.floor(Number(a) / 4) === Math.floor(Number(b) / 4) ? 'nvlink' : 'system',
    });
    const all = numbers(40).map((index) => member(index, index >= 20 && index < 24 ? 0 : 1));
    expect(gangOf(all, 4, links)?.members).toEqual([20, 21, 22, 23]);
    expect(gangOf(all, 4)?.members).toHaveLength(4);
  });

  it('of equally linked devices is on one NUMA node, and no node outweighs a link', () => {
    const nodes = numbers(8).map((index) => ({ ...member(index), numaNode: index % 2 }));
    const linked = (): TopologyLink => ({ link: 'nvlink', nvlinkCount: 18 });
    expect(gangOf(nodes, 4, linked)?.members).toEqual([0, 2, 4, 6]);
    expect(gangOf(nodes, 4)?.members).toEqual([0, 2, 4, 6]);
    const near = (a: string, b: string): TopologyLink => ({
      link: [a, b].sort().join() === '0,1' ? 'numa-node' : 'system',
    });
    expect(gangOf(nodes, 4, near)?.members).toEqual(expect.arrayContaining([0, 1]));
    const many = numbers(40).map((index) => ({ ...member(index), numaNode: index % 2 }));
    expect(gangOf(many, 4, linked)?.members).toEqual([0, 2, 4, 6]);
  });

  it('of half of a thousand is found without growing from every one of them', () => {
    const all = numbers(1024).map((index) => member(index, index));
    expect(gangOf(all, 512)?.members).toHaveLength(512);
  });

  it('counts NVLink before a PCIe switch before a NUMA node, and nothing for unknown', () => {
    const order: TopologyLink[] = [
      { link: 'nvlink', nvlinkCount: 12 },
      { link: 'nvlink' },
      { link: 'internal' },
      { link: 'single-switch' },
      { link: 'multi-switch' },
      { link: 'host-bridge' },
      { link: 'numa-node' },
      { link: 'system' },
    ];
    const scores = order.map(linkScore);
    expect(scores).toEqual([...new Set(scores)].sort((a, b) => b - a));
    expect([linkScore(undefined), linkScore({}), linkScore({ peerAccess: true })]).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('choosing a group', () => {
  const two =
    (ids: readonly string[]) =>
    (a: string, b: string): TopologyLink => ({
      link: ids.includes(a) && ids.includes(b) ? 'nvlink' : 'system',
    });
  const views = numbers(4).map((index) => view(`${index}`));

  it('takes devices that belong together, all or none', () => {
    const chooser = pipeline(
      { policy: 'least-loaded' },
      { count: 2, linkBetween: two(['1', '3']) },
    );
    expect(chooser.chooseGroup({ views, nowMs: 1000 })).toEqual([1, 3]);
    expect(chooser.chooseGroup({ views: views.slice(0, 1), nowMs: 1000 })).toBeUndefined();
    const explained = chooser.explain({ views, nowMs: 1000 });
    expect(explained.map(({ status }) => status)).toEqual([
      'ranked',
      'selected',
      'ranked',
      'selected',
    ]);
    expect(explained[1]?.reason).toContain('together with 1, 3, link score 32');
    expect(
      chooser
        .rank({ views, nowMs: 1000 })
        .map(({ deviceId }) => deviceId)
        .slice(0, 2),
    ).toEqual(['1', '3']);
    expect(chooser.explain({ views: views.slice(0, 1), nowMs: 1000 })[0]).toMatchObject({
      code: 'too-few',
    });
  });

  it('draws among equal groups, in the order that explaining foretells', () => {
    const chooser = pipeline({ policy: 'least-loaded' }, { count: 2 });
    const drawn = new Set<string>();
    for (const _ of numbers(60)) {
      const foretold = chooser
        .explain({ views, nowMs: 1000 })
        .flatMap(({ status }, position) => (status === 'selected' ? [position] : []));
      const chosen = chooser.chooseGroup({ views, nowMs: 1000 });
      expect(chosen).toEqual(foretold);
      drawn.add(`${chosen}`);
    }
    expect(drawn.size).toBe(6);
  });

  it('under score takes the first of equals, and none with a score of 0', () => {
    const full = { sampled: { memoryUsedBytes: 24e9, computeUtilizationPercent: 100 } };
    const mixed = [view('a', full), view('b'), view('c', full), view('d'), view('e')];
    const chooser = pipeline({ policy: 'score' }, { count: 2 });
    expect(chooser.chooseGroup({ views: mixed, nowMs: 1000 })).toEqual([1, 3]);
    expect(chooser.chooseGroup({ views: mixed.slice(0, 3), nowMs: 1000 })).toBeUndefined();
  });
});
