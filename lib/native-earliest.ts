import { outOfRange } from './arguments.js';
import { type AssignEarliest, assignByScan } from './distribution/earliest.js';
import { loadNative, type NativeModule } from './native.js';

let found: AssignEarliest | undefined;

/** With the addon, or by a scan in JavaScript where there is none. */
export const assignEarliest: AssignEarliest = (what) => {
  found ??= findAssign(loadNative);
  return found(what);
};

/** @internal */
export function findAssign(load: () => NativeModule): AssignEarliest {
  let native: NativeModule;
  try {
    native = load();
  } catch {
    return assignByScan;
  }
  return (what) => {
    const owners = new Uint32Array(what.costs.length);
    if (native.assignEarliest(what, owners) >= 0) return owners;
    throw outOfRange('items.length', 'as many as there is memory for', owners.length);
  };
}
