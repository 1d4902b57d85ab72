import { expect, it } from 'vitest';
import { VoidTimer } from '../../../lib/selection/void-timer.js';
import { eventually } from '../../support/patience.js';

it('tells when the earliest time has come that was asked for, and once for each', async () => {
  const news = { isDue: false };
  const timer = new VoidTimer(news);
  timer.arm(1e6, 0);
  timer.arm(1e6 + 5, 1e6);
  expect(news.isDue).toBe(false);
  timer.arm(20, 0);
  await eventually('void', () => news.isDue);
  news.isDue = false;
  timer.arm(1e6, 1e6 - 5);
  await eventually('void again', () => news.isDue);
  timer.stop();
});
