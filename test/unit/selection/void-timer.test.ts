import { expect, it } from 'vitest';
import { VoidTimer } from '../../../lib/selection/void-timer.js';
import { eventually } from '../../support/patience.js';

it('is void when the earliest time has come that was asked for, and once for each', async () => {
  const timer = new VoidTimer();
  timer.arm(1e6, 0);
  timer.arm(1e6 + 5, 1e6);
  expect(timer.isVoid).toBe(false);
  timer.arm(20, 0);
  await eventually('void', () => timer.isVoid);
  timer.begin();
  timer.arm(1e6, 1e6 - 5);
  await eventually('void again', () => timer.isVoid);
  timer.stop();
});
