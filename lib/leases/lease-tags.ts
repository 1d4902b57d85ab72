import type { HeldLease } from './held-lease.js';

/** What a lease has for itself alone: when its tag is collected, nobody has the lease any more. */
export class LeaseTag {
  readonly place: number;

  constructor(place: number) {
    this.place = place;
  }
}

/** Live leases of all managers, each at the place of its tag. */
const held: (HeldLease | undefined)[] = [];
/** As many as were ever out at once, less those that are. */
const free: LeaseTag[] = [];

/** One that outlives a manager that is forgotten along with its leases. */
const registry = new FinalizationRegistry<number>((place) => {
  const lost = held[place];
  try {
    lost?.keeper.collected(lost);
  } finally {
    free.push(registered(place));
  }
});

/**
 * Of all that a lease takes, registering and unregistering it would take the most. So leases have
 * something registered instead, which who releases one leaves to the next. REQUIRES: nobody but the
 * user's lease keeps it.
 */
export function takeTag(lease: HeldLease): LeaseTag {
  const tag = free.pop() ?? registered(held.push(undefined) - 1);
  held[tag.place] = lease;
  return tag;
}

/** The lease at this place is over. Its tag may be the lease's still. */
export function vacate(place: number): void {
  held[place] = undefined;
}

/** REQUIRES: the lease is over, and has it no more. */
export function giveBack(tag: LeaseTag): void {
  free.push(tag);
}

export function allHeld(): readonly HeldLease[] {
  return held.filter((each) => each !== undefined);
}

function registered(place: number): LeaseTag {
  const tag = new LeaseTag(place);
  registry.register(tag, place);
  return tag;
}
