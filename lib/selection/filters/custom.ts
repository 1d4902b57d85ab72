import { describeValue } from '../../arguments.js';
import { typeError } from '../../errors.js';
import type { Decision } from '../decision.js';
import type { DeviceView, SelectionFilter } from '../device-view.js';
import type { Filter } from './filter.js';

/**
 * A filter of the user's. What it throws becomes the cause of a TypeError that names it. Anything
 * but a text or undefined is a TypeError too: a promise would look like a reason.
 */
export function customFilter(filter: SelectionFilter): Filter {
  const code = `filter:${filter.name}` as const;
  const what = `filter ${describeValue(filter.name)}`;
  const ask = (view: DeviceView, decision: Decision): string | undefined => {
    let reason: unknown;
    try {
      reason = filter.reject(view, decision);
    } catch (cause) {
      throw typeError('ERR_GPU_INVALID_TYPE', `${what}: expected an answer, but it threw`, {
        cause,
      });
    }
    if (reason === undefined || typeof reason === 'string') return reason;
    throw typeError(
      'ERR_GPU_INVALID_TYPE',
      `${what}: expected a reason as a string or undefined, got ${describeValue(reason)}`,
    );
  };
  return {
    name: code,
    applies: () => true,
    reject: (view, decision) => (ask(view, decision) === undefined ? undefined : code),
    text: (view, decision) => ({ reason: ask(view, decision) ?? `rejected by ${what}` }),
    outlook: () => 'later',
  };
}
