// What a Float64Array of a user really holds, whatever a subclass or an own property says of it.
import { types } from 'node:util';

const typedArray: object = Object.getPrototypeOf(Float64Array.prototype);

function getter<T>(name: 'buffer' | 'byteOffset' | 'length'): (array: Float64Array) => T {
  const get = Object.getOwnPropertyDescriptor(typedArray, name)?.get;
  return (array) => Reflect.apply(get as () => T, array, []);
}

/** 0 where the memory was taken away. */
export const lengthOf: (array: Float64Array) => number = getter('length');
const bufferOf = getter<ArrayBuffer>('buffer');
const byteOffsetOf = getter<number>('byteOffset');

/** The same memory. REQUIRES: it was not taken away. */
export function partOf(array: Float64Array, from: number, to: number): Float64Array {
  const begin = byteOffsetOf(array) + from * Float64Array.BYTES_PER_ELEMENT;
  return new Float64Array(bufferOf(array), begin, to - from);
}

/** The array, or a copy where another thread may write to it at any time. */
export function unshared(array: Float64Array): Float64Array {
  const isShared = types.isSharedArrayBuffer(bufferOf(array));
  return isShared ? partOf(array, 0, lengthOf(array)).slice() : array;
}
