import type { TopState } from './frame.js';
import { sortKeys } from './view.js';

export type Key = 'quit' | 'sort' | 'pause' | 'help';

const meanings: Readonly<Record<string, Key>> = {
  q: 'quit',
  Q: 'quit',
  '\x03': 'quit',
  s: 'sort',
  S: 'sort',
  p: 'pause',
  P: 'pause',
  ' ': 'pause',
  '?': 'help',
  h: 'help',
};

/** Arrow keys and the like: an escape, then `[` or `O`, parameters, one final character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const sequence = /\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\x1b[O])/gs;

/** The keys of one read of the terminal. An escape with nothing behind it is the Esc key. */
export function keysOf(data: Uint8Array | string): readonly Key[] {
  const text = typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
  return [...text.replace(sequence, '')].flatMap((character): readonly Key[] => {
    if (character === '\x1b') return ['quit'];
    const key = meanings[character];
    return key === undefined ? [] : [key];
  });
}

/** What a key other than `quit` makes of the state. */
export function press(state: TopState, key: Exclude<Key, 'quit'>): TopState {
  switch (key) {
    case 'sort': {
      const next = sortKeys[(sortKeys.indexOf(state.sort) + 1) % sortKeys.length];
      return { ...state, sort: next ?? 'index' };
    }
    case 'pause':
      return { ...state, paused: !state.paused };
    case 'help':
      return { ...state, help: !state.help };
  }
}
