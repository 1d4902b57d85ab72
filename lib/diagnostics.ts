import { channel } from 'node:diagnostics_channel';

/** A Channel of node:diagnostics_channel, as far as it is for publishing. */
export interface DecisionChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

/** What is decided, for node:diagnostics_channel. A message is made only where somebody listens. */
export const channels: Readonly<
  Record<'select' | 'acquire' | 'release' | 'queue', DecisionChannel>
> = {
  select: channel('gpuring:select'),
  acquire: channel('gpuring:acquire'),
  release: channel('gpuring:release'),
  queue: channel('gpuring:queue'),
};

/** Of `gpuring:select`. */
export interface SelectMessage {
  /** Absent: none. */
  readonly deviceId?: string;
}

/** Of `gpuring:acquire`: a lease or a token was granted, or refused. */
export interface AcquireMessage {
  /** Empty: refused. */
  readonly deviceIds: readonly string[];
  readonly weight: number;
  readonly memoryBytes: number;
  /** Present where it is a token. */
  readonly token?: number;
}

/** Of `gpuring:release`. */
export interface ReleaseMessage {
  readonly deviceIds: readonly string[];
  readonly reason: 'released' | 'expired' | 'revoked' | 'leaked' | 'closed';
  /** Absent of tokens. */
  readonly heldMs?: number;
  readonly token?: number;
}

/** Of `gpuring:queue`: an `acquire` that is over. */
export interface QueueMessage {
  readonly outcome: 'granted' | 'rejected';
  readonly waitedMs: number;
  /** Who still wait. */
  readonly waiting: number;
  /** What it was rejected with. */
  readonly error?: unknown;
}
