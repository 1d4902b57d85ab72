import { describe, expect, it } from 'vitest';
import { readTrace } from '../../../lib/replay/trace.js';
import { loadTrace, traceNames } from '../../../lib/replay/trace-files.js';

const header = 'timestamp, utilization.gpu [%], memory.used [MiB], power.draw [W], pstate';
const row = (second: number, cells: string) => `2024/03/01 10:00:0${second}.500, ${cells}`;

function refusal(text: string): string {
  try {
    readTrace(text, 'a.csv');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_GPU_SCENARIO_INVALID' });
    return error instanceof Error ? error.message : '';
  }
  return expect.unreachable('expected a refusal');
}

describe('readTrace', () => {
  it('reads what a replay uses in public units, from the first row on', () => {
    const text = [header, row(1, '10, 2 MiB, 20.5 W, P0'), row(3, '90 %, 1 GiB, [N/A], ?')];
    expect(readTrace(text.join('\n'), 'a.csv')).toEqual([
      {
        name: 'a.csv',
        startsMs: [0, 2000],
        periodMs: 4000,
        columns: {
          computeUtilizationPercent: [10, 90],
          memoryUsedBytes: [2 * 2 ** 20, 2 ** 30],
          powerWatts: [20.5, undefined],
        },
      },
    ]);
  });

  it('takes the instant power where both are there, whatever their order', () => {
    const text = 'timestamp,power.draw.instant [W],power.draw [W]\n2024-03-01 10:00:00,7,9';
    expect(readTrace(text, 'a.csv')[0]?.columns.powerWatts).toEqual([7]);
  });

  it('tells boards apart', () => {
    const cells = ['timestamp,gpu,index,power.draw'];
    for (let place = 0; place < 6; place++) {
      cells.push(`2024-03-01T10:00:0${place}+08:00,${place % 3},0,${70 + place}`);
    }
    const boards = readTrace(cells.join('\n'), 'a.csv');
    expect(boards.map(({ name }) => name)).toEqual(['a.csv#0', 'a.csv#1', 'a.csv#2']);
    expect(boards[1]).toMatchObject({ startsMs: [0, 3000], columns: { powerWatts: [71, 74] } });
  });

  it.each([
    ['power.draw\n1', 'a.csv:1: expected a column timestamp, got "power.draw"'],
    ['timestamp,pstate\n2024/03/01 10:00:00,P0', 'a.csv:1: expected a column such as'],
    [header, 'a.csv: expected 1 to 1000000 rows, got 0'],
    [`${header}\n${row(1, '1, 1 MiB, 1 W')}`, 'a.csv:2: expected 5 cells, as the header has'],
    [`${header}\n${row(1, '101, 1, 1, P0')}`, 'a.csv:2: utilization.gpu: expected a percentage'],
    [`${header}\n${row(1, '1, -1, 1, P0')}`, 'a.csv:2: memory.used: expected an amount'],
    [`${header}\n${row(1, '1, 1, 1 V, P0')}`, 'a.csv:2: power.draw: expected a power, got "1 V"'],
    [`${header}\n${row(1, '1, 1, NaN, P0')}`, 'a.csv:2: power.draw: expected a power'],
    [`${header}\n2024/02/30 10:00:00, 1, 1, 1, P0`, 'a.csv:2: timestamp: expected a time'],
    [
      `${header}\n${row(2, '1, 1, 1, P0')}\n${row(1, '1, 1, 1, P0')}`,
      'a.csv:3: timestamp: expected a time not before the row above',
    ],
  ])('refuses %j', (text, expected) => {
    expect(refusal(text)).toContain(expected);
  });
});

describe('the recordings that ship', () => {
  it('can all be read', () => {
    expect(traceNames().length).toBeGreaterThanOrEqual(10);
    for (const name of traceNames()) {
      for (const { startsMs, periodMs, columns } of loadTrace(name)) {
        expect(startsMs[0]).toBe(0);
        expect(periodMs).toBeGreaterThan(startsMs.at(-1) ?? Infinity);
        const lengths = Object.values(columns).map((column) => column.length);
        expect(new Set(lengths)).toEqual(new Set([startsMs.length]));
      }
    }
  });

  it('go by their last part where that is enough', () => {
    expect(loadTrace('nvidia_smi')).toHaveLength(8);
    expect(loadTrace('qwen3-asr/gpu_log')).toHaveLength(1);
    expect(() => loadTrace('gpu_log')).toThrow(/no name of qwen3-asr\/gpu_log and v100s/);
    expect(() => loadTrace('nosuch')).toThrow(/got 'nosuch', which is no name/);
    expect(() => loadTrace('nosuch.csv')).toThrow(/trace nosuch.csv: ENOENT/);
  });
});
