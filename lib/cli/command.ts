import type { OpenOptions } from '../telemetry/open-options.js';
import type { Cluster } from './cluster.js';
import type { OptionSpecs, Options } from './command-line.js';
import type { Host } from './host.js';
import type { Environment, Input, Output } from './terminal.js';

/** All that a command knows of the world: a test passes its own. */
export interface CommandContext {
  readonly open: (options: OpenOptions) => Promise<Cluster>;
  readonly stdout: Output;
  readonly stderr: { write(text: string): unknown };
  readonly stdin: Input;
  readonly env: Environment;
  /** Aborted by SIGINT, SIGTERM, SIGHUP and by a reader of the output that went away. */
  readonly signal: AbortSignal;
  readonly host: Host;
  readonly version: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`, or at once when `signal` is aborted. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Has `restore` run before the process ends, however it ends; returns how to take it back. */
  readonly onExit: (restore: () => void) => () => void;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Beside those that every command takes. */
  readonly options: OptionSpecs;
  /** Returns the exit code: 0 ok, 1 failure, 2 bad usage (doctor: 1 WARN, 2 FAIL). */
  run(options: Options, context: CommandContext): Promise<number>;
}

export function printJson(value: unknown, { stdout }: Pick<CommandContext, 'stdout'>): void {
  stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
