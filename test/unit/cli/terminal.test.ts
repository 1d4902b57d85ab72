import { describe, expect, it } from 'vitest';
import { keysOf, press } from '../../../lib/cli/keys.js';
import { Screen } from '../../../lib/cli/screen.js';
import { isInteractive, lookOf } from '../../../lib/cli/terminal.js';
import { FakeTerminal } from './fixture.js';

describe('keys', () => {
  it.each([
    ['q', ['quit']],
    ['\x1b', ['quit']],
    ['\x03', ['quit']],
    ['sp', ['sort', 'pause']],
    [' ?', ['pause', 'help']],
    ['x1\r', []],
    ['\x1b[A', []],
    ['\x1b[1;5C\x1bOP', []],
    ['\x1bq', []],
    ['\x1b[As', ['sort']],
  ])('reads %j as %j', (typed, keys) => {
    expect(keysOf(typed)).toEqual(keys);
    expect(keysOf(Buffer.from(typed))).toEqual(keys);
  });

  it('go round the sort orders and back', () => {
    let state = { sort: 'index', paused: false, help: false } as Parameters<typeof press>[0];
    const seen = Array.from({ length: 5 }, () => {
      state = press(state, 'sort');
      return state.sort;
    });
    expect(seen).toEqual(['utilisation', 'memory', 'power', 'temperature', 'index']);
  });

  it('toggle pause and help', () => {
    const state = { sort: 'index', paused: false, help: false } as const;
    expect(press(state, 'pause')).toEqual({ ...state, paused: true });
    expect(press(press(state, 'help'), 'help')).toEqual(state);
  });
});

describe('the look', () => {
  const terminal = (isTTY: boolean) => new FakeTerminal({ isTTY }).streams().stdout;

  it.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
    [false, { FORCE_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('terminal %s with %j: colour %s', (isTTY, environment, colour) => {
    expect(lookOf(terminal(isTTY), environment).colour).toBe(colour);
  });

  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'UTF-8', LANG: 'C' }, true],
    [{}, false],
  ])('locale %j: unicode %s', (environment, unicode) => {
    expect(lookOf(terminal(true), environment).unicode).toBe(unicode);
  });

  it('is interactive only where both ends are terminals that can draw', () => {
    const { stdin, stdout } = new FakeTerminal({ isTTY: true }).streams();
    const pipe = new FakeTerminal().streams();
    expect(isInteractive(stdout, stdin, {})).toBe(true);
    expect(isInteractive(stdout, pipe.stdin, {})).toBe(false);
    expect(isInteractive(pipe.stdout, stdin, {})).toBe(false);
    expect(isInteractive(stdout, stdin, { TERM: 'dumb' })).toBe(false);
  });
});

describe('the screen', () => {
  function entered() {
    const terminal = new FakeTerminal({ isTTY: true, columns: 20, rows: 5 });
    const screen = new Screen(terminal.streams().stdout);
    screen.enter();
    const written = () => {
      const text = terminal.output;
      terminal.output = '';
      return text;
    };
    return { screen, written };
  }

  it('writes only the lines that changed', () => {
    const { screen, written } = entered();
    written();
    screen.draw(['a', 'b', 'c']);
    expect(written()).toBe('\x1b[1;1H\x1b[Ka\x1b[2;1H\x1b[Kb\x1b[3;1H\x1b[Kc');
    screen.draw(['a', 'B', 'c']);
    expect(written()).toBe('\x1b[2;1H\x1b[KB');
    screen.draw(['a', 'B', 'c']);
    expect(written()).toBe('');
    screen.draw(['a']);
    expect(written()).toBe('\x1b[2;1H\x1b[K\x1b[3;1H\x1b[K');
  });

  it('draws everything again once it forgot', () => {
    const { screen, written } = entered();
    screen.draw(['a']);
    written();
    screen.forget();
    screen.draw(['a']);
    expect(written()).toBe('\x1b[2J\x1b[1;1H\x1b[Ka');
  });

  it('undoes on leaving what it did on entering, once', () => {
    const { screen, written } = entered();
    expect(written()).toBe('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J');
    screen.leave();
    expect(written()).toBe('\x1b[?7h\x1b[?25h\x1b[?1049l');
    screen.leave();
    screen.draw(['late']);
    expect(written()).toBe('');
  });
});
