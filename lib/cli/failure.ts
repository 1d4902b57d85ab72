import { allDevicesHint } from '../telemetry/device-filter.js';
import { UsageError } from './command-line.js';
import { printable } from './styled.js';

/** Codes that say that an option's value was wrong. */
const usageCodes: ReadonlySet<unknown> = new Set([
  'ERR_GPU_INVALID_TYPE',
  'ERR_GPU_OUT_OF_RANGE',
  'ERR_GPU_UNKNOWN_OPTION',
  'ERR_GPU_UNKNOWN_STRATEGY',
  'ERR_GPU_UNKNOWN_POLICY',
]);

/** Codes that a machine without a usable GPU answers with: there a simulated driver helps. */
const absentDriverCodes: ReadonlySet<unknown> = new Set([
  'ERR_GPU_LIBRARY_NOT_FOUND',
  'ERR_GPU_LIBRARY_INVALID',
  'ERR_GPU_DRIVER_NOT_LOADED',
  'ERR_GPU_DRIVER_MISMATCH',
  'ERR_GPU_DRIVER_ERROR',
  'ERR_GPU_NO_PERMISSION',
  'ERR_GPU_NO_DEVICE',
  'ERR_GPU_TIMEOUT',
]);

export interface Failure {
  readonly line: string;
  readonly exitCode: 1 | 2;
}

/** A failure in one line: the code, the reason, what to do about it. */
export function failureOf(
  error: unknown,
  { simulating }: { readonly simulating: boolean },
): Failure {
  if (error instanceof UsageError) {
    return { line: oneLine(`gpuring: ${error.message} (gpuring --help)`), exitCode: 2 };
  }
  const { code, hint } = detailsOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const helps = !simulating && absentDriverCodes.has(code) && hint !== allDevicesHint;
  const parts = [
    // Node's own messages begin with the code.
    `gpuring: ${code === undefined || message.startsWith(code) ? '' : `${code}: `}${message}`,
    ...(hint === undefined ? [] : [inTermsOfOptions(hint)]),
    ...(helps ? ['without a GPU, add --simulate'] : []),
  ];
  const sentences = parts.map((part) => part.trim().replace(/\.$/, ''));
  return { line: oneLine(sentences.join('; ')), exitCode: usageCodes.has(code) ? 2 : 1 };
}

/** A GPU that CUDA_VISIBLE_DEVICES hides is there: no simulation is wanted then. */
function inTermsOfOptions(hint: string): string {
  return hint === allDevicesHint ? 'add --all for every device of the driver' : hint;
}

export function detailsOf(error: unknown): { readonly code?: string; readonly hint?: string } {
  if (!(error instanceof Error)) return {};
  const code: unknown = 'code' in error ? error.code : undefined;
  const hint: unknown = 'hint' in error ? error.hint : undefined;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
  };
}

function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim());
}
