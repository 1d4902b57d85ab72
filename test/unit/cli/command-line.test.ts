import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from '../../../lib/cli/command-line.js';
import { run } from '../../../lib/cli/run.js';
import { fakeWorld } from './fixture.js';

const flag = { kind: 'flag', text: '' } as const;
const value = { kind: 'value', value: 'N', text: '' } as const;
const optional = { kind: 'optional', text: '' } as const;
const specs = {
  '': { help: flag, simulate: optional },
  top: { count: value, simulate: optional },
  select: { memory: value, policy: value, json: flag, simulate: optional },
};
const parse = (...argv: string[]) => parseCommandLine(argv, specs);

describe('parseCommandLine', () => {
  it('takes options before and after the command', () => {
    const { command, options } = parse('--simulate', 'top', '--count', '3');
    expect(command).toBe('top');
    expect(options.text('simulate')).toBe('');
    expect(options.integer('count', { minimum: 1, maximum: 9 })).toBe(3);
  });

  it.each([
    [['top', '--simulate'], ''],
    [['top', '--simulate', '--count', '1'], ''],
    [['top', '--simulate', 'mixed'], 'mixed'],
    [['top', '--simulate=mixed'], 'mixed'],
    [['--simulate', 'mixed', 'top'], 'mixed'],
    [['top', '--simulate', 'top'], 'top'],
    [['top'], undefined],
  ])('reads the optional value of %j as %j', (argv, text) => {
    const { command, options } = parse(...argv);
    expect(command).toBe('top');
    expect(options.text('simulate')).toBe(text);
  });

  it.each([
    [['tpo'], "unknown command 'tpo': expected top, select"],
    [['selec'], "unknown command 'selec', did you mean select?"],
    [['top', '--cuont', '3'], "unknown option '--cuont', did you mean --count?"],
    [['top', '--json'], "unknown option '--json': expected --help, --simulate, --count"],
    [['top', '-x'], "unknown option '-x': expected --help, --simulate, --count"],
    [['top', '--toString'], "unknown option '--toString': expected --help, --simulate, --count"],
    [['top', '--count'], '--count needs a value: --count N'],
    [['top', '--count='], '--count needs a value: --count N'],
    [['top', '--count', '--help'], '--count needs a value: --count N'],
    [['select', '--json=yes'], "--json takes no value, got 'yes'"],
    [['top', 'extra'], "unexpected argument 'extra'"],
  ])('refuses %j', (argv, message) => {
    expect(() => parse(...argv)).toThrow(new UsageError(message));
  });
});

describe('values', () => {
  const memory = (text: string) => parse('select', `--memory=${text}`).options.bytes('memory');

  it.each([
    ['20GiB', 20 * 2 ** 30],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['500MB', 5e8],
    ['1073741824', 2 ** 30],
    ['0', 0],
    ['8kib', 8192],
  ])('reads %s', (text, bytes) => {
    expect(memory(text)).toBe(bytes);
  });

  it.each(['20G', '-1GiB', 'much', '1e9', '99999999TiB', 'GiB'])('refuses %s', (text) => {
    const units = 'kB, MB, GB, TB, KiB, MiB, GiB or TiB';
    const message =
      `--memory: expected bytes, or a number with ${units} (20GiB), ` + `got '${text}'`;
    expect(() => memory(text)).toThrow(new UsageError(message));
  });

  it.each(['0', '10', '1.5', 'x', '-3', '0x5', ' 3'])('refuses the count %s', (text) => {
    const { options } = parse('top', `--count=${text}`);
    const message = `--count: expected a whole number from 1 to 9, got '${text}'`;
    expect(() => options.integer('count', { minimum: 1, maximum: 9 })).toThrow(
      new UsageError(message),
    );
  });

  it('refuses a word that is not among the choices', () => {
    const { options } = parse('select', '--policy', 'scroe');
    expect(() => options.choice('policy', ['score'])).toThrow(
      new UsageError("unknown value 'scroe' for --policy, did you mean score?"),
    );
  });
});

describe('gpuring', () => {
  async function outcome(...argv: string[]) {
    const { context, terminal, opened } = fakeWorld();
    const code = await run(argv, context);
    return { code, output: terminal.output, errors: terminal.errors, opened };
  }

  it('--version prints the version', async () => {
    expect(await outcome('--version')).toMatchObject({ code: 0, output: '1.2.3\n' });
  });

  it.each([['--help'], ['-h']])('%s lists the commands', async (option) => {
    const { code, output } = await outcome(option);
    expect(code).toBe(0);
    for (const name of ['top', 'snapshot', 'select', 'distribute', 'doctor']) {
      expect(output).toMatch(new RegExp(`^  ${name} +\\w`, 'm'));
    }
  });

  it('explains each command without opening anything', async () => {
    for (const name of ['top', 'snapshot', 'select', 'distribute', 'doctor']) {
      const { code, output, opened } = await outcome(name, '--help');
      expect(code).toBe(0);
      expect(output.startsWith(`Usage: gpuring ${name} [OPTIONS]\n`)).toBe(true);
      expect(output).toContain('--simulate [SCENARIO]');
      expect(output.split('\n').every((line) => line.length <= 100)).toBe(true);
      expect(opened).toEqual([]);
    }
  });

  it.each([
    [
      ['snapshop'],
      "gpuring: unknown command 'snapshop', did you mean snapshot? (gpuring --help)\n",
    ],
    [
      ['top', '--intervall', '3'],
      "gpuring: unknown option '--intervall', did you mean --interval? (gpuring --help)\n",
    ],
    [['distribute'], 'gpuring: distribute needs --items N (gpuring --help)\n'],
    [
      ['top', '--simulate', '--library', 'x'],
      'gpuring: --simulate and --library exclude each other (gpuring --help)\n',
    ],
    [
      ['top', '--period', '0'],
      "gpuring: --period: expected a whole number from 1 to 3600000, got '0' (gpuring --help)\n",
    ],
  ])('answers %j with one line and exit code 2', async (argv, errors) => {
    expect(await outcome(...argv)).toEqual({ code: 2, output: '', errors, opened: [] });
  });

  it('without a command shows how it is used', async () => {
    const { code, errors } = await outcome();
    expect(code).toBe(2);
    expect(errors).toContain('Usage: gpuring COMMAND');
    expect((await outcome('--simulate')).errors).toMatch(/a command is missing: one of top, /);
  });
});
