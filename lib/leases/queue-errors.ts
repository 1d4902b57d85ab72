import { GPUError } from '../errors.js';

export function unsatisfiable(message: string): GPUError {
  return new GPUError('ERR_GPU_UNSATISFIABLE', `acquire: ${message}`, {
    hint: 'explainSelection() says of each device why not',
  });
}

export function queueFull(maxQueue: number): GPUError {
  return new GPUError('ERR_GPU_QUEUE_FULL', `acquire: ${maxQueue} requests are waiting already`, {
    hint: 'let your client come back later, or raise leases.maxQueue',
  });
}

export function unreachable(timeoutMs: number, leastMs: number): GPUError {
  const message =
    timeoutMs === 0
      ? 'acquire: no device is free, and timeoutMs is 0'
      : `acquire: the wait is at least ${Math.ceil(leastMs)} ms, but timeoutMs is ${timeoutMs}`;
  return new GPUError('ERR_GPU_DEADLINE_UNREACHABLE', message);
}

export function tooLate(timeoutMs: number): GPUError {
  return new GPUError('ERR_GPU_TIMEOUT', `acquire: no device became free within ${timeoutMs} ms`);
}
