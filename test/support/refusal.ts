import { expect } from 'vitest';
import { type ErrorCode, errorCodes, GPUError } from '../../lib/errors.js';

const typeErrorCodes: readonly ErrorCode[] = [
  'ERR_GPU_INVALID_TYPE',
  'ERR_GPU_UNKNOWN_OPTION',
  'ERR_GPU_MISSING_OPTION',
];
const stateCodes: readonly ErrorCode[] = [
  'ERR_GPU_CLOSED',
  'ERR_GPU_READ_ONLY',
  'ERR_GPU_ITEMS_CHANGED',
  'ERR_GPU_UNASSIGNED',
  'ERR_GPU_RESERVATION_FAILED',
];

function classOf(code: ErrorCode) {
  if (typeErrorCodes.includes(code)) return TypeError;
  return stateCodes.includes(code) ? GPUError : RangeError;
}

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Fails unless `run` throws the one class that belongs to `code`; returns the message. */
export function refusal(code: ErrorCode, run: () => unknown): string {
  const error = caught(run);
  expect(error, `${code} expected`).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code });
  expect(error).toBeInstanceOf(classOf(code));
  return error instanceof Error ? error.message : '';
}

/** True when `run` succeeds or throws an error with one of the public codes. */
export function isOrderly(run: () => unknown): boolean {
  const error = caught(run);
  if (error === undefined) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  return errorCodes.some((code) => code === error.code && error instanceof classOf(code));
}
