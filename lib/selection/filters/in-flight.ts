import { short } from '../figures.js';
import type { Filter } from './filter.js';

export const inFlight: Filter = {
  name: 'in-flight',
  applies: ({ maxInFlight }) => maxInFlight < Infinity,
  reject: (view, { request }) =>
    view.inFlight + request.weight <= request.maxInFlight ? undefined : 'max-in-flight',
  text: (view, { request: { weight, maxInFlight } }) => ({
    reason:
      `${short(view.inFlight)} in flight and ${short(weight)} more, ` +
      `at most ${short(maxInFlight)}`,
    actual: view.inFlight + weight,
    wanted: maxInFlight,
  }),
  outlook: (_view, { request }) => (request.weight > request.maxInFlight ? 'never' : 'busy'),
};
