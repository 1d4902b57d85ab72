import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubTimer, type Refreshed } from '../../../lib/telemetry/hub-timer.js';

/** A hub that counts. */
class Counting implements Refreshed {
  hasIterators = false;
  hasListeners = false;
  refreshed = 0;

  refresh(): void {
    this.refreshed += 1;
  }
}

describe('the timer of a hub', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('refreshes it once a second, and often while somebody waits', () => {
    const hub = new Counting();
    const timer = new HubTimer(hub);
    vi.advanceTimersByTime(10_000);
    expect(hub.refreshed).toBe(10);
    hub.hasListeners = true;
    timer.update();
    vi.advanceTimersByTime(1000);
    expect(hub.refreshed).toBe(60);
    hub.hasListeners = false;
    vi.advanceTimersByTime(10_000);
    expect(hub.refreshed).toBe(70);
    timer.stop();
  });

  it('notices within a second who began to wait unheard', () => {
    const hub = new Counting();
    const timer = new HubTimer(hub);
    hub.hasListeners = true;
    vi.advanceTimersByTime(2000);
    expect(hub.refreshed).toBe(51);
    timer.stop();
  });

  it('does nothing after it was stopped', () => {
    const hub = new Counting();
    const timer = new HubTimer(hub);
    timer.stop();
    hub.hasListeners = true;
    timer.update();
    vi.advanceTimersByTime(5000);
    expect(hub.refreshed).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the process', () => {
  const holding = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

  it('is kept alive by iterators only', () => {
    const before = holding();
    const hub = new Counting();
    const timer = new HubTimer(hub);
    expect(holding()).toBe(before);
    hub.hasListeners = true;
    timer.update();
    expect(holding()).toBe(before);
    hub.hasIterators = true;
    timer.update();
    expect(holding()).toBe(before + 1);
    hub.hasIterators = false;
    timer.update();
    expect(holding()).toBe(before);
    timer.stop();
  });
});
