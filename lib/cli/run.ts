import type { Command, CommandContext } from './command.js';
import { type OptionSpec, type OptionSpecs, parseCommandLine, UsageError } from './command-line.js';
import { distribute } from './distribute.js';
import { doctor } from './doctor.js';
import { failureOf } from './failure.js';
import { replay } from './replay.js';
import { select } from './select.js';
import { snapshot } from './snapshot.js';
import { top } from './top.js';

const commands: readonly Command[] = [top, snapshot, select, distribute, replay, doctor];

const general: OptionSpecs = {
  help: { kind: 'flag', text: 'print this and end' },
  version: { kind: 'flag', text: 'print the version and end' },
};

/** Runs one command line; returns the exit code. Failures come out as one line on stderr. */
export async function run(argv: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (context.signal.aborted) return 1;
    const simulating = argv.some((argument) => /^--simulate(=|$)/.test(argument));
    const { line, exitCode } = failureOf(error, { simulating });
    context.stderr.write(`${line}\n`);
    return exitCode;
  }
}

async function dispatch(argv: readonly string[], context: CommandContext): Promise<number> {
  // `gpuring --simulate` alone must say which command is missing, not that the option is unknown.
  const everywhere = {
    ...general,
    ...(top.options.simulate ? { simulate: top.options.simulate } : {}),
  };
  const specs = Object.fromEntries(commands.map(({ name, options }) => [name, options]));
  const { command: name, options } = parseCommandLine(argv, { '': everywhere, ...specs });
  const command = commands.find((candidate) => candidate.name === name);
  if (options.has('help')) {
    context.stdout.write(command === undefined ? overview() : commandHelp(command));
    return 0;
  }
  if (options.has('version')) {
    context.stdout.write(`${context.version}\n`);
    return 0;
  }
  if (command === undefined) {
    if (argv.length > 0) throw new UsageError(`a command is missing: one of ${names()}`);
    context.stderr.write(overview());
    return 2;
  }
  return command.run(options, context);
}

function names(): string {
  return commands.map(({ name }) => name).join(', ');
}

function overview(): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`);
  return [
    'Usage: gpuring COMMAND [OPTIONS]',
    '',
    ...rows,
    '',
    'gpuring COMMAND --help lists the options of a command. Without a GPU, add --simulate.',
    '',
  ].join('\n');
}

function commandHelp({ name, summary, options }: Command): string {
  const rows = Object.entries({ ...options, help: general.help ?? noOption }).map(
    ([option, { value, text }]) => {
      const form = `--${option}${value === undefined ? '' : ` ${value}`}`;
      return `  ${form.padEnd(24)}${text}`;
    },
  );
  return [`Usage: gpuring ${name} [OPTIONS]`, '', `  ${summary}`, '', ...rows, ''].join('\n');
}

const noOption: OptionSpec = { kind: 'flag', text: '' };
