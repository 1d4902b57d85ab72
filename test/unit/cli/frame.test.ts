import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveFrame, plainFrame, type TopState } from '../../../lib/cli/frame.js';
import { glyphsFor } from '../../../lib/cli/glyphs.js';
import { lineWidth, paint } from '../../../lib/cli/styled.js';
import { type ClusterView, captureView, sortKeys } from '../../../lib/cli/view.js';
import {
  devices,
  fakeCluster,
  nowMs,
  realStatus,
  samples,
  simulatedStatus,
  view,
} from './fixture.js';

const unicode = glyphsFor({ unicode: true });
const ascii = glyphsFor({ unicode: false });
const escapeCharacter = '\x1b';
const idle: TopState = { sort: 'index', paused: false, help: false };

function frame(
  shown: ClusterView,
  { columns = 80, rows = 24, glyphs = unicode, state = idle, colour = false } = {},
): readonly string[] {
  const lines = liveFrame(shown, state, { size: { columns, rows }, glyphs });
  return lines.map((line) => paint(line, { colour }));
}

/** The rows' names in order, by their index column. */
function order(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => /^(\d+) {2}/.exec(line)?.[1] ?? []);
}

describe('the live frame', () => {
  it('at 80 columns', () => {
    expect(frame(view())).toEqual([
      'gpuring   driver 570.124.06   CUDA 12.8   every 100 ms                  14:03:12',
      '',
      '#  NAME            UTIL          HISTORY       MEMORY GiB  POWER W  TEMP     AGE',
      '0  H100 80GB HBM3  ━━━━╾──  62%  ▁▂▃▃▄ ▅▆▆▇▇█   41.2/80.0  312/700  54°C   12 ms',
      '1  H100 80GB HBM3  ━━━━━━━ 100%  ▁▂▃▃▄ ▅▆▆▇▇█   78.0/80.0  690/700  86°C   1.2 s',
      '2  L4                         -                         -        -     -   12 ms',
      '',
      '3 devices   mean 81%   memory 119.2/160.0 GiB (2 of 3)   power 1,002 W (2 of 3)',
      'q quit   s sort   p pause   ? help   sorted by index',
    ]);
  });

  it.each([
    [100, 'events join'],
    [140, 'clocks and a bar of memory join'],
  ])('at %d columns: %s', (columns) => {
    const file = join(__dirname, 'frames', `${columns}.txt`);
    expect(`${frame(view(), { columns }).join('\n')}\n`).toBe(readFileSync(file, 'utf8'));
  });

  it('when narrow leaves out columns and never wraps', () => {
    expect(frame(view(simulatedStatus), { columns: 40 })).toEqual([
      'SIMULATED: scenario mixed (no real GPU)',
      'gpuring   driver 570.124.06     14:03:12',
      '',
      '#  UTIL        MEMORY GiB  POWER W  TEMP',
      '0  ━━━──  62%   41.2/80.0  312/700  54°C',
      '1  ━━━━━ 100%   78.0/80.0  690/700  86°C',
      '2           -           -        -     -',
      '',
      '3 devices   mean 81%',
      'q quit   s sort   p pause   ? help   so…',
    ]);
  });

  it('fits into every window', () => {
    const state = { sort: 'index', paused: true, help: true } as const;
    for (let columns = 1; columns <= 220; columns++) {
      for (const rows of [1, 3, 7, 10]) {
        const size = { columns, rows };
        const lines = liveFrame(view(simulatedStatus), state, { size, glyphs: unicode });
        expect(lines.length).toBeLessThanOrEqual(rows);
        for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('has an ASCII form', () => {
    expect(frame(view(), { glyphs: ascii })[4]).toBe(
      '1  H100 80GB HBM3  ####### 100%  _.--: =++**#   78.0/80.0  690/700   86C   1.2 s',
    );
  });

  it('says SIMULATED on top as soon as a simulator answers, and not before', () => {
    expect(frame(view(simulatedStatus), { rows: 1 })).toEqual([
      'SIMULATED: scenario mixed (no real GPU)',
    ]);
    expect(frame(view()).join('\n')).not.toMatch(/simulat/i);
  });

  it('gives up blank lines before devices', () => {
    const lines = frame(view(), { rows: 7 });
    expect(lines).toHaveLength(7);
    expect(order(lines)).toEqual(['0', '1', '2']);
  });

  it('says how many devices the window has no room for', () => {
    const lines = frame(view(), { rows: 6 });
    expect(lines).toHaveLength(6);
    expect(lines.slice(2, 4)).toEqual([
      '0  H100 80GB HBM3  ━━━━╾──  62%  ▁▂▃▃▄ ▅▆▆▇▇█   41.2/80.0  312/700  54°C   12 ms',
      '2 more devices: enlarge the window',
    ]);
  });

  it('counts missed periods and unknown totals', () => {
    const empty = captureView(fakeCluster({ samples: [] }), nowMs);
    const missed = { ...empty, status: { ...realStatus, missedDeadlines: 3 } };
    expect(frame(missed, { columns: 120 }).at(-2)).toBe(
      '0 of 3 devices answering   mean -   memory - GiB   power - W   3 periods missed of 12,345',
    );
  });

  it('shows a failing device for what it is, in a narrow window too', () => {
    const code = 'ERR_GPU_DEVICE_LOST' as const;
    const shown = view({ ...realStatus, failing: [{ deviceId: 'GPU-1', code }] });
    const [, , heading = '', fine = '', lost = ''] = frame(shown, { columns: 40 });
    expect(heading).toContain('EVENTS');
    expect(fine).not.toContain('lost');
    expect(lost).toMatch(/^1 .* lost/);
    expect(frame(shown, { colour: true })[4]).toContain('\x1b[31mlost\x1b[39m');
    const other = view({
      ...realStatus,
      failing: [{ deviceId: 'GPU-0', code: 'ERR_GPU_NO_PERMISSION' }],
    });
    expect(frame(other)[3]).toContain('no permission');
  });

  it('says how many devices answer when not all do', () => {
    const shown = captureView(fakeCluster({ samples: samples.slice(0, 2) }), nowMs);
    expect(frame(shown, { columns: 120 }).at(-2)).toMatch(
      /^2 of 3 devices answering {3}mean 81% {3}memory 119\.2\/160\.0 GiB \(2 of 3\) {3}power/,
    );
    const all = captureView(
      fakeCluster({ devices: devices.slice(0, 2), samples: samples.slice(0, 2) }),
      nowMs,
    );
    expect(frame(all, { columns: 120 }).at(-2)).toMatch(
      /^2 devices {3}mean 81% {3}memory 119\.2\/160\.0 GiB {3}power 1,002 W {3}0 periods/,
    );
  });

  it('shows pause and help', () => {
    const state = { ...idle, paused: true, help: true };
    const lines = frame(view(), { state });
    expect(lines[0]).toMatch(/PAUSED 14:03:12$/);
    expect(lines.at(-1)).toContain('p, space pause and go on');
  });

  it('keeps control characters of a name off the terminal', () => {
    const [first] = devices;
    const named = first === undefined ? [] : [{ ...first, name: 'bad\x1b[2Jname\n' }];
    const shown = captureView(fakeCluster({ devices: named, samples: [] }), nowMs);
    expect(frame(shown)[3]).toContain('bad?[2Jname?');
  });
});

describe('colours', () => {
  it('paint what the thresholds say', () => {
    const [, , , cool = '', hot = '', silent = ''] = frame(view(), { colour: true });
    expect(cool).toContain('\x1b[32m━━━━╾\x1b[39m\x1b[90m──\x1b[39m\x1b[32m  62%\x1b[39m');
    expect(cool).toContain('\x1b[32m54°C\x1b[39m');
    expect(hot).toContain('\x1b[31m━━━━━━━\x1b[39m\x1b[31m 100%\x1b[39m');
    expect(hot).toContain('\x1b[31m86°C\x1b[39m');
    expect(hot).toContain('\x1b[31m1.2 s\x1b[39m');
    expect(silent).toContain('\x1b[90m-\x1b[39m');
  });

  it('make the simulation banner stand out', () => {
    const [banner] = frame(view(simulatedStatus), { colour: true });
    expect(banner).toBe('\x1b[43m\x1b[30mSIMULATED: scenario mixed (no real GPU)\x1b[39m\x1b[49m');
  });

  it('change nothing but colours', () => {
    const escapes = new RegExp(`${escapeCharacter}\\[\\d+m`, 'g');
    const painted = frame(view(simulatedStatus), { colour: true });
    const bare = painted.map((line) => line.replace(escapes, '').trimEnd());
    expect(bare).toEqual(frame(view(simulatedStatus)));
  });
});

describe('sorting', () => {
  /** Four boards, each first in something; the second says nothing at all. */
  const measured = (
    [
      ['GPU-0', 40, 10, 90, 50],
      ['GPU-2', 10, 30, 80, 60],
      ['GPU-3', 90, 20, 70, 70],
    ] as const
  ).map(([deviceId, computeUtilizationPercent, used, powerWatts, temperatureCelsius]) => ({
    deviceId,
    timestampMs: nowMs,
    computeUtilizationPercent,
    memoryUsedBytes: used,
    memoryTotalBytes: 100,
    powerWatts,
    temperatureCelsius,
  }));
  const boards = [3, 1, 0, 2].map((index) => ({
    deviceId: `GPU-${index}`,
    name: 'T4',
    vendor: 'nvidia',
    memoryBytes: 100,
    index,
  }));
  const shown = captureView(fakeCluster({ devices: boards, samples: measured }), nowMs);

  it.each([
    ['index', ['0', '1', '2', '3']],
    ['utilisation', ['3', '0', '2', '1']],
    ['memory', ['2', '3', '0', '1']],
    ['power', ['0', '2', '3', '1']],
    ['temperature', ['3', '2', '0', '1']],
  ] as const)('by %s puts unknown values last', (sort, expected) => {
    expect(sortKeys).toContain(sort);
    expect(order(frame(shown, { state: { ...idle, sort } }))).toEqual(expected);
  });

  it('keeps the order of the index among equals', () => {
    const equal = measured.map((sample) => ({ ...sample, powerWatts: 5 }));
    const tied = captureView(fakeCluster({ devices: boards, samples: equal }), nowMs);
    expect(order(frame(tied, { state: { ...idle, sort: 'power' } }))).toEqual(['0', '2', '3', '1']);
  });
});

describe('the plain frame', () => {
  it('has no keys and no end in height', () => {
    const layout = { columns: 80, glyphs: ascii, history: false };
    const lines = plainFrame(view(simulatedStatus), layout).map((line) =>
      paint(line, { colour: false }),
    );
    expect(lines).toEqual([
      'SIMULATED: scenario mixed (no real GPU)',
      'gpuring   driver 570.124.06   CUDA 12.8   every 100 ms                  14:03:12',
      '#  NAME            UTIL            MEMORY GiB  POWER W  TEMP  SM/MEM MHz     AGE',
      '0  H100 80GB HBM3  #####....  62%   41.2/80.0  312/700   54C   1980/2619   12 ms',
      '1  H100 80GB HBM3  ######### 100%   78.0/80.0  690/700   86C   1320/2619   1.2 s',
      '2  L4                           -           -        -     -           -   12 ms',
      '3 devices   mean 81%   memory 119.2/160.0 GiB (2 of 3)   power 1,002 W (2 of 3)',
    ]);
  });
});
