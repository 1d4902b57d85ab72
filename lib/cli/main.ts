#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GPUClusteringManager } from '../manager.js';
import { failureOf } from './failure.js';
import { thisHost } from './host.js';
import { run } from './run.js';

/** Ends the command in order; `signalName` becomes the exit code, as a shell would see it. */
const stop = new AbortController();
let endedBy: keyof typeof signalNumbers | undefined;
const { SIGHUP, SIGINT, SIGPIPE, SIGTERM } = constants.signals;
const signalNumbers = { SIGHUP, SIGINT, SIGPIPE, SIGTERM } as const;

function end(signalName: keyof typeof signalNumbers): void {
  if (endedBy !== undefined) process.exit(128 + signalNumbers[signalName]);
  endedBy = signalName;
  stop.abort(new Error(`ended by ${signalName}`));
}

for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(name, () => end(name));

let outputFailed = false;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    if (endedBy === undefined) end('SIGPIPE'); // `gpuring top | head`: the reader has seen enough
    return;
  }
  if (outputFailed) return;
  outputFailed = true;
  process.exitCode = 1; // also when the command was done before its output failed
  stop.abort(error);
  process.stderr.write(`${failureOf(error, { simulating: false }).line}\n`);
});
process.stderr.on('error', () => undefined); // nothing is left to tell it to

/** Runs `restore` on every way out of the process that runs code at all. */
function onExit(restore: () => void): () => void {
  process.on('exit', restore);
  process.on('uncaughtExceptionMonitor', restore);
  return () => {
    process.off('exit', restore);
    process.off('uncaughtExceptionMonitor', restore);
  };
}

function packageVersion(): string {
  const path = join(__dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string };
  return version;
}

async function main(): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  const exitCode = await run(process.argv.slice(2), {
    open: (options) => GPUClusteringManager.open(options),
    stdin,
    stdout,
    stderr,
    env,
    signal: stop.signal,
    host: thisHost(),
    version: packageVersion(),
    now: Date.now,
    sleep: (ms) => delay(ms, undefined, { signal: stop.signal }).catch(() => undefined),
    onExit,
  });
  if (endedBy !== undefined) process.exitCode = 128 + signalNumbers[endedBy];
  else process.exitCode = outputFailed ? 1 : exitCode;
}

void main();
