/**
 * Every code that this package puts on an error. Codes are public and stable; messages are not.
 * Native codes (`native/core/status.h`) are a subset; a test compares the two lists.
 */
export const errorCodes = [
  'ERR_GPU_INVALID_TYPE',
  'ERR_GPU_OUT_OF_RANGE',
  'ERR_GPU_UNKNOWN_OPTION',
  'ERR_GPU_UNKNOWN_DEVICE',
  'ERR_GPU_DUPLICATE_DEVICE',
  'ERR_GPU_UNKNOWN_STRATEGY',
  'ERR_GPU_UNKNOWN_POLICY',
  'ERR_GPU_UNKNOWN_METRIC',
  'ERR_GPU_TIMESTAMP_ORDER',
  'ERR_GPU_MISSING_CAPACITY',
  'ERR_GPU_ZERO_CAPACITY',
  'ERR_GPU_MISSING_OPTION',
  'ERR_GPU_LENGTH_MISMATCH',
  'ERR_GPU_ITEMS_CHANGED',
  'ERR_GPU_UNASSIGNED',
  'ERR_GPU_RESERVATION_FAILED',
  'ERR_GPU_READ_ONLY',
  'ERR_GPU_CLOSED',
  'ERR_GPU_ALREADY_OPEN',
  'ERR_GPU_PLATFORM_UNSUPPORTED',
  'ERR_GPU_ADDON_NOT_FOUND',
  'ERR_GPU_ADDON_DISABLED',
  'ERR_GPU_SIMULATOR_NOT_FOUND',
  'ERR_GPU_SCENARIO_INVALID',
  'ERR_GPU_LIBRARY_NOT_FOUND',
  'ERR_GPU_LIBRARY_INVALID',
  'ERR_GPU_DRIVER_NOT_LOADED',
  'ERR_GPU_DRIVER_MISMATCH',
  'ERR_GPU_NO_PERMISSION',
  'ERR_GPU_NO_DEVICE',
  'ERR_GPU_DEVICE_LOST',
  'ERR_GPU_NOT_SUPPORTED',
  'ERR_GPU_TRY_AGAIN',
  'ERR_GPU_TIMEOUT',
  'ERR_GPU_DRIVER_ERROR',
  'ERR_GPU_DRIVER_GONE',
  'ERR_GPU_DEVICE_HUNG',
  'ERR_GPU_DEVICE_ASLEEP',
  'ERR_GPU_SUSPENDED',
  'ERR_GPU_QUEUE_FULL',
  'ERR_GPU_DEADLINE_UNREACHABLE',
  'ERR_GPU_UNSATISFIABLE',
  'ERR_GPU_LEASE_ENDED',
  'ERR_GPU_LEASE_EXPIRED',
  'ERR_GPU_LEASE_REVOKED',
  'ERR_GPU_LEDGER_FULL',
] as const;
Object.freeze(errorCodes);

export type ErrorCode = (typeof errorCodes)[number];

export interface GPUErrorDetails {
  /** What to do about it, in one line. */
  readonly hint?: string | undefined;
  /** The driver's own return code (`nvmlReturn_t`), when the driver refused. */
  readonly nvmlReturn?: number | undefined;
  readonly cause?: unknown;
}

/** A failure that is not a mistake in the arguments. */
export class GPUError extends Error {
  override readonly name = 'GPUError';
  readonly code: ErrorCode;
  // `declare`: a plain field would exist, undefined, on errors that have none.
  declare readonly hint?: string;
  declare readonly nvmlReturn?: number;

  constructor(code: ErrorCode, message: string, details: GPUErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.hint !== undefined) this.hint = details.hint;
    if (details.nvmlReturn !== undefined) this.nvmlReturn = details.nvmlReturn;
  }
}

export interface CodedError extends Error {
  readonly code: ErrorCode;
}

/** What `recordMany` refuses, a TypeError or RangeError, and where the first bad value is. */
export interface ColumnError extends CodedError {
  /** Which sample. */
  readonly position: number;
  /** Which column: a metric, or 'timestampsMs'. */
  readonly metric: string;
}

/** An argument of the wrong type: a TypeError with a stable `code`. */
export function typeError(
  code: ErrorCode,
  message: string,
  options?: { readonly cause: unknown },
): TypeError & CodedError {
  return Object.assign(new TypeError(message, options), { code });
}

/** An argument outside what is allowed: a RangeError with a stable `code`. */
export function rangeError(code: ErrorCode, message: string): RangeError & CodedError {
  return Object.assign(new RangeError(message), { code });
}
