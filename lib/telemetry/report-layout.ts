/**
 * A report of a metric (`NativeSession.readReports`), in doubles: value, when it was known and when
 * it changed (each on the monotonic clock and Unix), state, count of invalid answers.
 */
export const reportDoubles = 7;
export const valueAt = 0;
export const knownMonotonicAt = 1;
export const changedAt = 3;
export const stateAt = 5;
