import { readNumber, readOptions, readSignal, readWord } from '../arguments.js';

/** How a reader of events wants them. */
export interface EventsOptions {
  /** Events that wait for the reader, 1 to 65 536; beyond that the oldest go. Default 1024. */
  readonly bufferSize?: number;
  /** Ends the iterator: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** `'start'`: first the latest 1024 since the process began to sample. Default `'now'`. */
  readonly since?: 'now' | 'start';
}

/** EventsOptions with everything decided. */
export interface CheckedEventsOptions {
  readonly bufferSize: number;
  readonly signal: AbortSignal | undefined;
  readonly since: 'now' | 'start';
}

const optionNames = ['bufferSize', 'signal', 'since'] as const;
const defaultBufferSize = 1024;
const mostBuffered = 65_536;

/** @throws TypeError, RangeError naming the option */
export function readEventsOptions(value: unknown): CheckedEventsOptions {
  const given = readOptions(value, optionNames);
  const { bufferSize = defaultBufferSize, signal, since = 'now' } = Object.fromEntries(given);
  return {
    bufferSize: readNumber(bufferSize, 'options.bufferSize', {
      minimum: 1,
      maximum: mostBuffered,
      integer: true,
    }),
    signal: readSignal(signal),
    since: readWord(since, 'options.since', { words: ['now', 'start'] }),
  };
}
