import { type SelectionKey, selectionKeys } from './criteria.js';
import type { SelectionRequest } from './request.js';

/** Of the choice of one device; where many are taken, none of that has a meaning. */
type ChoiceKey = 'policy' | 'weight' | 'affinityKey' | 'maxInFlight';
const choiceKeys: readonly SelectionKey[] = [
  'policy',
  'weight',
  'affinityKey',
  'maxInFlight',
] satisfies readonly ChoiceKey[];

/** What a request may ask of each of several devices. */
export interface DeviceConstraints extends Omit<SelectionRequest, ChoiceKey> {}

export const constraintKeys: readonly SelectionKey[] = selectionKeys.filter(
  (key) => !choiceKeys.includes(key),
);
