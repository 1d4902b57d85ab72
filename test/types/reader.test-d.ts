import { describe, expectTypeOf, it } from 'vitest';
import {
  GPUClusteringManager,
  type GPUMetrics,
  type MetricKey,
  type MetricsReader,
  type MetricsReaderOptions,
} from '../../lib/index.js';

const manager = new GPUClusteringManager();

describe('readers of numbers', () => {
  it('have the metrics that were asked for', () => {
    const metrics = ['powerWatts', 'energyJoules'] as const;
    const reader = manager.createMetricsReader({ metrics });
    expectTypeOf(reader).toEqualTypeOf<MetricsReader<'powerWatts' | 'energyJoules'>>();
    expectTypeOf(manager.createMetricsReader({ metrics: ['powerWatts'] }).metrics).toEqualTypeOf<
      readonly 'powerWatts'[]
    >();
    // @ts-expect-error: no metric of a sample
    manager.createMetricsReader({ metrics: ['eccMode'] });
    // @ts-expect-error: no such option
    manager.createMetricsReader({ deviceIds: ['a'] });
  });

  it('have all of a sample where none were named', () => {
    expectTypeOf(manager.createMetricsReader()).toEqualTypeOf<MetricsReader<MetricKey>>();
    expectTypeOf(manager.createMetricsReader({ devices: ['a'] })).toEqualTypeOf<MetricsReader>();
    expectTypeOf<MetricsReaderOptions>().toHaveProperty('devices');
  });

  it('stand beside a list of samples', () => {
    expectTypeOf(manager.listMetrics()).toEqualTypeOf<readonly GPUMetrics[]>();
  });

  it('cannot be given other arrays', () => {
    const reader = manager.createMetricsReader();
    expectTypeOf(reader.read()).toEqualTypeOf<Float64Array>();
    // @ts-expect-error: the reader's
    reader.values = new Float64Array(1);
    // @ts-expect-error: nobody's to write
    reader.deviceIds[0] = 'b';
  });
});
