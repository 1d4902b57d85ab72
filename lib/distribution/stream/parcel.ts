/** An item on its way: from the source, perhaps through several devices, until one is done. */
export class Parcel<T> {
  readonly item: T;
  /** Its place in the order of the source. */
  readonly index: number;
  readonly cost: number;
  /** How often it was handed out. */
  attempts = 0;
  /** To whom last. */
  deviceId: string | undefined = undefined;

  constructor(item: T, index: number, cost: number) {
    this.item = item;
    this.index = index;
    this.cost = cost;
  }
}

/** What is at hand, in the order of the source: what came back stands before what is new. */
export class ParcelLine<T> {
  readonly #parcels: Parcel<T>[] = [];

  get length(): number {
    return this.#parcels.length;
  }

  at(place: number): Parcel<T> | undefined {
    return this.#parcels[place];
  }

  insert(parcel: Parcel<T>): void {
    const parcels = this.#parcels;
    const last = parcels.at(-1);
    if (last === undefined || last.index < parcel.index) {
      parcels.push(parcel);
      return;
    }
    let [low, high] = [0, parcels.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((parcels[middle] as Parcel<T>).index < parcel.index) low = middle + 1;
      else high = middle;
    }
    parcels.splice(low, 0, parcel);
  }

  removeAt(place: number): void {
    if (place === 0) this.#parcels.shift();
    else this.#parcels.splice(place, 1);
  }

  toArray(): readonly Parcel<T>[] {
    return this.#parcels.slice();
  }
}
