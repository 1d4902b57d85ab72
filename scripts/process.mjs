// Running other programs from the scripts. Node built-ins only: the scripts start before
// node_modules exists.
import { spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const cores = availableParallelism();

/** A program of a package in node_modules. */
export const bin = (name) => join(root, 'node_modules/.bin', name);

function execute(command, args, options) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
    ...options,
    env: { ...process.env, ...options.env },
  });
  if (result.error) throw new Error(`${command}: ${result.error.message}`);
  return result;
}

const describe = ({ status, signal }) => (signal ? `was ended by ${signal}` : `exited ${status}`);

/** Runs a program with our terminal as its own; throws when it fails. */
export function run(command, args = [], options = {}) {
  const result = execute(command, args, { stdio: 'inherit', ...options });
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} ${describe(result)}`);
}

/** Runs a program and gives its output back; throws, with all of it, when it fails. */
export function capture(command, args = [], options = {}) {
  const result = execute(command, args, options);
  if (result.status === 0) return result.stdout;
  const said = `${result.stdout}${result.stderr}`.trim();
  throw new Error(`${command} ${args.join(' ')} ${describe(result)}\n${said}`);
}

/** Runs a program whose failure is an answer, showing and returning what it says. */
export function tee(command, args = []) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of Object.keys(said)) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
        process[stream].write(text);
      });
    }
    child.on('error', reject).on('close', (status, signal) => {
      const failure = status === 0 ? undefined : describe({ status, signal });
      resolve({ output: said.stdout, errors: said.stderr, failure });
    });
  });
}

export function isInstalled(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/**
 * Starts a script that others import too: nothing when it was imported. A failure is one readable
 * line instead of a stack, and a failing exit.
 */
export async function main(url, action) {
  const [, started] = process.argv;
  if (started === undefined || realpathSync(started) !== fileURLToPath(url)) return;
  try {
    await action();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
