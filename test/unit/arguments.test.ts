import { describe, expect, it } from 'vitest';
import {
  describeValue,
  maxArrayLength,
  readArray,
  readEach,
  readNativeString,
  readNonEmptyString,
  readNumber,
  readObject,
  readOptions,
  readProperty,
  readStringRecord,
  readWord,
} from '../../lib/arguments.js';
import { untyped } from '../support/cluster.js';
import { refusal } from '../support/refusal.js';

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

describe('describeValue', () => {
  it.each([
    ['a\n', '"a\\n"'],
    ['x'.repeat(100), `"${'x'.repeat(60)}"... (100 characters)`],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [3, '3'],
    [3n, 'a bigint'],
    [Symbol('s'), 'Symbol(s)'],
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [[], 'an array'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [() => 0, 'a function'],
  ])('names %o', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it('survives a revoked proxy', () => {
    expect(describeValue(revoked([]))).toBe('an object');
  });
});

describe('readNumber', () => {
  it('takes what the rule allows, bounds included', () => {
    expect(readNumber(0, 'x', { minimum: 0, maximum: 1 })).toBe(0);
    expect(readNumber(1, 'x', { minimum: 0, maximum: 1 })).toBe(1);
    expect(readNumber(0.001, 'x', { above: 0 })).toBe(0.001);
    expect(readNumber(Infinity, 'x', { minimum: 0, orInfinity: true })).toBe(Infinity);
  });

  it.each([
    [2, { minimum: 0, maximum: 1 }],
    [0, { above: 0 }],
    [1.5, { integer: true }],
    [NaN, {}],
    [NaN, { orInfinity: true }],
    [Infinity, {}],
    [-Infinity, { orInfinity: true }],
  ] as const)('refuses %o under %o', (value, rule) => {
    refusal('ERR_GPU_OUT_OF_RANGE', () => readNumber(value, 'x', rule));
  });

  it.each(['1', 1n, null, undefined, true, {}, new Number(1), Symbol('1')])(
    'refuses %o, which is no number',
    (value) => {
      refusal('ERR_GPU_INVALID_TYPE', () => readNumber(value, 'x'));
    },
  );

  it('says what was expected and what came', () => {
    const rule = { minimum: 1, maximum: 9, integer: true } as const;
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => readNumber(0, 'options.n', rule))).toBe(
      'options.n: expected an integer of at least 1 and of at most 9, got 0',
    );
  });
});

describe('readOptions', () => {
  it('takes no options, and reads each allowed one once', () => {
    expect(readOptions(undefined, ['a']).get('a')).toBeUndefined();
    let reads = 0;
    const options = {
      get a() {
        reads += 1;
        return reads;
      },
    };
    expect(readOptions(options, ['a', 'b']).get('a')).toBe(1);
    expect(reads).toBe(1);
  });

  it('refuses another key, naming it and the allowed ones', () => {
    const message = refusal('ERR_GPU_UNKNOWN_OPTION', () => readOptions({ c: 1 }, ['a', 'b']));
    expect(message).toBe('options: expected only a, b, got "c"');
    refusal('ERR_GPU_UNKNOWN_OPTION', () => readOptions({ c: undefined }, ['a']));
    refusal('ERR_GPU_UNKNOWN_OPTION', () => readOptions(JSON.parse('{"__proto__":1}'), ['a']));
  });

  it.each([null, 1, 'a', [], () => 0])('refuses %o, which is no object', (value) => {
    refusal('ERR_GPU_INVALID_TYPE', () => readOptions(value, ['a']));
  });

  it('turns what a getter or a proxy throws into the cause of a typed error', () => {
    const thrown = new Error('mine');
    const options = {
      get a(): never {
        throw thrown;
      },
    };
    expect(() => readOptions(options, ['a'])).toThrow(
      expect.objectContaining({ code: 'ERR_GPU_INVALID_TYPE', cause: thrown }),
    );
    refusal('ERR_GPU_INVALID_TYPE', () => readOptions(revoked({}), ['a']));
  });
});

describe('readArray', () => {
  it('copies by index: holes become undefined items', () => {
    const sparse: (number | undefined)[] = [1];
    sparse[2] = 3;
    expect(1 in sparse).toBe(false);
    const copy = readArray(sparse, 'items');
    expect(copy).toStrictEqual([1, undefined, 3]);
    expect(1 in copy).toBe(true);
  });

  it('refuses what is no array, and an array longer than stated', () => {
    refusal('ERR_GPU_INVALID_TYPE', () => readArray(untyped({ length: 1 }), 'items'));
    refusal('ERR_GPU_INVALID_TYPE', () => readArray(untyped(revoked([])), 'items'));
    refusal('ERR_GPU_OUT_OF_RANGE', () => readArray(new Array(maxArrayLength + 1), 'items'));
  });

  it('refuses a proxy that lies about its length', () => {
    const liar = (length: unknown): readonly number[] =>
      new Proxy([1], {
        get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)),
      });
    refusal('ERR_GPU_INVALID_TYPE', () => readArray(liar('1'), 'items'));
    refusal('ERR_GPU_OUT_OF_RANGE', () => readArray(liar(-1), 'items'));
    refusal('ERR_GPU_OUT_OF_RANGE', () => readArray(liar(NaN), 'items'));
  });
});

describe('the other readers', () => {
  it('refuse with what was expected and what came', () => {
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => readNonEmptyString('', 'id'))).toBe(
      'id: expected a non-empty string, got ""',
    );
    expect(refusal('ERR_GPU_INVALID_TYPE', () => readNonEmptyString(1, 'id'))).toContain('got 1');
    expect(refusal('ERR_GPU_INVALID_TYPE', () => readObject([], 'device'))).toContain('an array');
    const rule = { words: ['a', 'b'], code: 'ERR_GPU_UNKNOWN_POLICY' } as const;
    expect(refusal('ERR_GPU_UNKNOWN_POLICY', () => readWord('c', 'policy', rule))).toBe(
      'policy: expected "a" or "b", got "c"',
    );
  });

  it('take no map and no promise for an object without properties', () => {
    expect(readStringRecord({ a: 'b' }, 'labels')).toEqual({ a: 'b' });
    for (const [kind, value] of [
      ['a Map', new Map([['a', 'b']])],
      ['a promise', Promise.resolve({ a: 'b' })],
    ] as const) {
      const run = () => readStringRecord(value, 'labels');
      expect(refusal('ERR_GPU_INVALID_TYPE', run)).toContain(
        `labels: expected an object of strings, got ${kind}`,
      );
    }
  });

  it('name the property that could not be read', () => {
    const source = {
      get name(): never {
        throw new Error('mine');
      },
    };
    const run = () => readProperty(source, 'name', 'device');
    expect(refusal('ERR_GPU_INVALID_TYPE', run)).toContain('device.name');
  });
});

describe('readNativeString', () => {
  it('takes a string without NUL characters', () => {
    expect(readNativeString('/a b/c', 'x')).toBe('/a b/c');
    expect(refusal('ERR_GPU_OUT_OF_RANGE', () => readNativeString('a\0b', 'x'))).toBe(
      'x: expected a string without NUL characters, got "a\\u0000b"',
    );
    refusal('ERR_GPU_OUT_OF_RANGE', () => readNativeString('', 'x'));
    refusal('ERR_GPU_INVALID_TYPE', () => readNativeString(5, 'x'));
  });
});

describe('readEach', () => {
  const all = (value: unknown) => [...readEach(untyped(value), 'entries')];

  it('takes arrays, sets and generators', () => {
    expect(all([1, 2])).toEqual([1, 2]);
    expect(all(new Set([1]))).toEqual([1]);
    expect(all(new Map([[1, 2]]).values())).toEqual([2]);
  });

  it.each([[undefined], [null], [5], ['text'], [{}], [{ [Symbol.iterator]: 5 }]])(
    'refuses %o as no iterable',
    (value) => {
      expect(refusal('ERR_GPU_INVALID_TYPE', () => all(value))).toMatch(
        /^entries: expected an iterable of entries, got /,
      );
    },
  );

  it('refuses an iterator that throws', () => {
    const broken = {
      [Symbol.iterator]: () => {
        throw new Error('no');
      },
    };
    expect(refusal('ERR_GPU_INVALID_TYPE', () => all(broken))).toContain('reading threw');
  });
});
