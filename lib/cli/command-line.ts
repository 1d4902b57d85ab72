import { parseArgs } from 'node:util';
import { nearest } from './suggestion.js';

/** The command line was wrong: one line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface OptionSpec {
  /** `optional`: the value may be left out. */
  readonly kind: 'flag' | 'value' | 'optional';
  /** How the value is called in the help. */
  readonly value?: string;
  readonly text: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface CommandLine {
  readonly command?: string;
  readonly options: Options;
}

const shortNames: Readonly<Record<string, string>> = { help: 'h', version: 'V' };

/**
 * Splits a command line. `commands`: the options of each command; those under '' hold everywhere.
 * @throws UsageError naming what was not understood and the nearest thing that would have been
 */
export function parseCommandLine(
  argv: readonly string[],
  commands: Readonly<Record<string, OptionSpecs>>,
): CommandLine {
  const names = Object.keys(commands).filter((name) => name !== '');
  const everything: OptionSpecs = Object.assign({}, ...Object.values(commands));
  const tokens = tokensOf(withOptionalValues(argv, everything, names), everything);
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? token.value : []));
  const [command, surplus] = positionals;
  if (command !== undefined && !names.includes(command)) {
    throw new UsageError(`unknown command ${quote(command)}${didYouMean(command, names)}`);
  }
  const known = { ...commands[''], ...(command === undefined ? {} : commands[command]) };
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = checkedValue(token, known);
    values.set(token.name, [...(values.get(token.name) ?? []), value]);
  }
  // After the options: the value of a misspelled one is no argument to complain about.
  if (surplus !== undefined) throw new UsageError(`unexpected argument ${quote(surplus)}`);
  return { ...(command === undefined ? {} : { command }), options: new Options(values) };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function tokensOf(argv: readonly string[], specs: OptionSpecs) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { kind }]) => {
      const short = shortNames[name];
      const type = kind === 'flag' ? ('boolean' as const) : ('string' as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const given = { args: [...argv], options, strict: false, allowPositionals: true, tokens: true };
  return parseArgs(given as typeof given & { tokens: true }).tokens;
}

/** parseArgs knows no optional values: `--simulate top` becomes `--simulate= top`. */
function withOptionalValues(
  argv: readonly string[],
  specs: OptionSpecs,
  commands: readonly string[],
): readonly string[] {
  const rewritten: string[] = [];
  for (let place = 0; place < argv.length; place++) {
    const argument = argv[place] ?? '';
    const next = argv[place + 1];
    if (!argument.startsWith('--') || specs[argument.slice(2)]?.kind !== 'optional') {
      rewritten.push(argument);
      continue;
    }
    const commandSeen = rewritten.some((earlier) => commands.includes(earlier));
    const isCommand = next !== undefined && !commandSeen && commands.includes(next);
    if (next === undefined || next.startsWith('-') || isCommand) {
      rewritten.push(`${argument}=`);
    } else {
      rewritten.push(`${argument}=${next}`);
      place++;
    }
  }
  return rewritten;
}

function checkedValue(token: OptionToken, known: OptionSpecs): string {
  const { name, rawName, value, inlineValue } = token;
  const spec = Object.hasOwn(known, name) ? known[name] : undefined;
  if (spec === undefined) {
    const names = Object.keys(known).map((other) => `--${other}`);
    throw new UsageError(`unknown option ${quote(rawName)}${didYouMean(rawName, names)}`);
  }
  if (spec.kind === 'flag') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, got ${quote(value)}`);
    return '';
  }
  const looksLikeOption = inlineValue !== true && /^-\D/.test(value ?? '');
  if (value === undefined || looksLikeOption || (spec.kind === 'value' && value === '')) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value ?? 'VALUE'}`);
  }
  return value;
}

function quote(text: string): string {
  return `'${text}'`;
}

function didYouMean(text: string, candidates: readonly string[]): string {
  const near = nearest(text, candidates);
  if (near !== undefined) return `, did you mean ${near}?`;
  return `: expected ${candidates.join(', ')}`;
}

function chosen<Choice extends string>(
  name: string,
  given: string,
  choices: readonly Choice[],
): Choice {
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new UsageError(`unknown value ${quote(given)} for --${name}${didYouMean(given, choices)}`);
}

const byteUnits: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

/** The options that were given, the last one where it came again. What is read is checked here. */
export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** All values of an option that may come again. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const given = this.text(name);
    return given === undefined ? undefined : chosen(name, given, choices);
  }

  /** `a,b,c`: each once, in the order given. */
  choices<Choice extends string>(
    name: string,
    choices: readonly Choice[],
  ): readonly Choice[] | undefined {
    const given = this.text(name)?.split(',');
    return given && [...new Set(given.map((one) => chosen(name, one.trim(), choices)))];
  }

  integer(name: string, range: Range): number | undefined {
    return this.#inRange(name, { ...range, form: /^[+-]?\d+$/, what: 'a whole number' });
  }

  number(name: string, range: Range): number | undefined {
    return this.#inRange(name, { ...range, form: /^\d+(\.\d+)?$/, what: 'a number' });
  }

  /** `20GiB`, `500MB`, `1073741824`: the unit may be any of B, kB .. TB, KiB .. TiB. */
  bytes(name: string): number | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(given) ?? [];
    const factor = byteUnits.get((unit ?? '?').toLowerCase());
    const bytes = Number(digits) * (factor ?? Number.NaN);
    if (Number.isSafeInteger(Math.round(bytes))) return Math.round(bytes);
    throw new UsageError(
      `--${name}: expected bytes, or a number with kB, MB, GB, TB, KiB, MiB, GiB or TiB ` +
        `(20GiB), got ${quote(given)}`,
    );
  }

  #inRange(name: string, { minimum, maximum, form, what }: FormedRange): number | undefined {
    const given = this.text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (form.test(given) && value >= minimum && value <= maximum) return value;
    throw new UsageError(
      `--${name}: expected ${what} from ${minimum} to ${maximum}, got ${quote(given)}`,
    );
  }
}

interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

interface FormedRange extends Range {
  readonly form: RegExp;
  readonly what: string;
}
