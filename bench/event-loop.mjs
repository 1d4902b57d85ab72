// How long does the event loop stand still while the driver takes 50 ms a call? Stretches of time
// in turns: nothing at all, a manager of ours that is read, a program that calls the driver itself.
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { GPUClusteringManager } from '../dist/index.mjs';
import { SimulatedHost } from '../dist/testing/index.mjs';
import { ownSimulatedDriverPath } from '../dist/testing/simulator.js';
import { mergeFigures } from './harness/figures.mjs';

const rounds = 11;
const stretchMs = 4000; // what the machine does comes about once a second
const callingMs = 1000;
const tickMs = 1;
const askEveryMs = 200;
const blockedMs = 50;
const standsStillMs = 10; // what is shorter than this is the machine's
const deviceCount = 8;
const percent = 62;
const scenario = {
  devices: [{ board: 'h100', count: deviceCount, values: { 'utilization.gpu': percent } }],
};
const slow = 'nvmlDeviceGetUtilizationRates';

/** How late timers are at the most, and what share of the time the loop stood still. */
async function lateness(ask, lengthMs = stretchMs) {
  const startMs = performance.now();
  const end = startMs + lengthMs;
  let [last, asked, max, total] = [startMs, 0, 0, 0];
  while (last < end) {
    if (last - asked > askEveryMs) {
      asked = last;
      ask();
    }
    await sleep(tickMs);
    const now = performance.now();
    const late = now - last - tickMs;
    max = Math.max(max, late);
    if (late > standsStillMs) total += late;
    last = now;
  }
  return { max, share: total / (last - startMs) };
}

/** The simulated driver as a program calls it that has bindings and no threads. */
function directCalls() {
  const driver = koffi.load(ownSimulatedDriverPath());
  const utilization = koffi.struct({ gpu: 'uint32', memory: 'uint32' });
  const init = driver.func('nvmlInit_v2', 'int', []);
  const shutdown = driver.func('nvmlShutdown', 'int', []);
  const handle = driver.func('nvmlDeviceGetHandleByIndex_v2', 'int', [
    'uint32',
    koffi.out(koffi.pointer('void *')),
  ]);
  const rates = driver.func(slow, 'int', ['void *', koffi.out(koffi.pointer(utilization))]);
  const must = (code) => {
    if (code !== 0) throw new Error(`the driver answered ${code}`);
  };
  const read = (device) => {
    const found = {};
    must(rates(device, found));
    return found.gpu;
  };
  const open = () => {
    must(init());
    return Array.from({ length: deviceCount }, (_, index) => {
      const into = [null];
      must(handle(index, into));
      return into[0];
    });
  };
  return { open, read, close: () => must(shutdown()) };
}

async function openBlocked(host) {
  const manager = await GPUClusteringManager.open({ simulate: scenario });
  const ids = manager.listDevices().map(({ deviceId }) => deviceId);
  const read = () => ids.map((id) => manager.getMetrics(id)?.computeUtilizationPercent);
  while (read().includes(undefined)) await sleep(10);
  host.inject([{ function: slow, delayMs: blockedMs }]);
  return { manager, read };
}

/** What a stretch with each of them is like; all of them see the same values. */
function candidates(host) {
  const direct = directCalls();
  const calling = async (count) => {
    host.load(scenario);
    const devices = direct.open().slice(0, count);
    host.inject([{ function: slow, delayMs: blockedMs }]);
    let last = [];
    const found = await lateness(() => {
      last = devices.map(direct.read);
    }, callingMs);
    host.clearFaults();
    direct.close();
    mustBeLoaded(last);
    return found;
  };
  return {
    nothing: () => lateness(() => {}),
    'a manager, read': async () => {
      const { manager, read } = await openBlocked(host);
      const found = await lateness(read);
      mustBeLoaded(read());
      const struck = host.injectedFaults()[0].struck;
      if (struck < stretchMs / blockedMs / 2) throw new Error(`only ${struck} calls were slow`);
      host.clearFaults();
      await manager.shutdown();
      return found;
    },
    'a call of FFI for one device': () => calling(1),
    'calls of FFI for eight devices': () => calling(deviceCount),
  };
}

function mustBeLoaded(values) {
  if (values.length > 0 && values.every((value) => value === percent)) return;
  throw new Error(`expected ${percent} of all devices, got ${values}`);
}

const greatest = (who) => `longest delay, ${who}`;
const whole = (who) => `stood still of a second, ${who}`;

const goals = [
  {
    id: 'G14',
    name: 'the longest delay beside a driver that blocks: 1.5x that of an idle loop',
    ratio: [greatest('a manager, read'), greatest('nothing')],
    atMost: 1.5,
    headline: true,
  },
  {
    id: 'G14',
    name: 'a program that calls the driver itself waits for it: 50 ms',
    figure: greatest('a call of FFI for one device'),
    atLeast: blockedMs,
  },
];

export async function ask() {
  const host = new SimulatedHost();
  const stretches = Object.entries(candidates(host));
  const found = Object.fromEntries(stretches.map(([who]) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < stretches.length; step++) {
      const [who, stretch] = stretches[(round + step) % stretches.length];
      globalThis.gc?.();
      found[who].push(await stretch());
    }
  }
  const figures = Object.entries(found).map(([who, all]) => ({
    [greatest(who)]: { samples: all.map(({ max }) => max), unit: 'ms', run: 'event loop' },
    [whole(who)]: {
      samples: all.map(({ share }) => share * 1e3),
      unit: 'ms',
      run: 'event loop',
    },
  }));
  const notes = [
    `a driver call takes ${blockedMs} ms; ${rounds} stretches of ${stretchMs} ms each`,
  ];
  return { figures: mergeFigures(...figures), goals, notes };
}
