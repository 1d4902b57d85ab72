import { describe, expectTypeOf, it } from 'vitest';
import type { OpenOptions } from '../../lib/index.js';
import {
  type Fault,
  nvmlReturns,
  type Scenario,
  type ScenarioDevices,
  type ScenarioFault,
  SimulatedHost,
  type SimulatedHostDevice,
  type SimulatedMisuse,
} from '../../lib/testing/index.js';

describe('scenarios', () => {
  it('say all that a scenario file can', () => {
    const scenario = {
      seed: 3,
      step: 'manual',
      lacks: ['nvmlGpmSampleGet'],
      processRecordBytes: 32,
      devices: [
        {
          board: 'h100',
          mig: ['1g.10gb'],
          processes: [{ pid: 1, memoryMiB: null, kind: 'mps', smPercent: 4 }],
          values: { 'power.draw': 5, 'field.94': null },
        },
      ],
      faults: [
        { function: '*', device: 0, return: nvmlReturns.gpuIsLost, afterCalls: 1, calls: 2 },
        { function: '*', delayMs: { uniform: [1, 2] }, everyCalls: 3, probability: 0.5 },
        { function: '*', delayMs: { exponential: 4 }, value: 'stuck' },
        { function: '*', text: 'notUtf8', overrun: 8 },
        { function: '*', grow: 2 },
        { function: 'nvmlDeviceGetFieldValues', field: 94, fieldReturn: 3 },
      ],
    } as const;
    expectTypeOf(scenario).toExtend<Scenario>();
    expectTypeOf<Scenario>().toExtend<NonNullable<OpenOptions['simulate']>>();
  });

  it('say nothing else', () => {
    expectTypeOf<{ board: string; mig: string }>().not.toExtend<ScenarioDevices>();
    expectTypeOf<{ function: string; device: string }>().not.toExtend<ScenarioFault>();
    expectTypeOf<{ function: string; value: 'wrong' }>().not.toExtend<ScenarioFault>();
    // @ts-expect-error 24 or 32
    const scenario: Scenario = { devices: [], processRecordBytes: 28 };
    expectTypeOf(scenario).toEqualTypeOf<Scenario>();
  });
});

describe('SimulatedHost', () => {
  it('takes devices by position or id', () => {
    expectTypeOf<SimulatedHost['loseDevice']>().parameters.toEqualTypeOf<
      [device: number | string]
    >();
    expectTypeOf<ScenarioFault>().toExtend<Fault>();
    expectTypeOf<{ function: string; device: string }>().toExtend<Fault>();
    expectTypeOf<SimulatedHost['devices']>().returns.toEqualTypeOf<
      readonly SimulatedHostDevice[]
    >();
    expectTypeOf<SimulatedHost['misuse']>().returns.toEqualTypeOf<SimulatedMisuse>();
    expectTypeOf<SimulatedHost['calls']>().returns.toEqualTypeOf<ReadonlyMap<string, number>>();
    // @ts-expect-error no such option
    const host = new SimulatedHost({ library: '' });
    // @ts-expect-error no such event
    host.postEvent(0, { type: 'Xid' });
  });
});
