import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GpuServer, type ServerStatus, type Task } from '../support/gpu-server.js';
import { randomFrom } from '../support/random.js';

/** 8 GPUs that take two each; 32 more requests may wait. */
const slots = 16;
const places = 32;
const endless: Task = { ms: 2 ** 30, patienceMs: 2 ** 30 };

let server: GpuServer;
beforeEach(async () => {
  server = await GpuServer.start();
});
afterEach(() => server.kill());

const isIdle = ({ leases, waiting }: ServerStatus) => leases === 0 && waiting === 0;
const isFull = ({ leases, waiting }: ServerStatus) => leases === slots && waiting === places;

/** Nothing held, nobody waiting, every request accounted for; then it ends by itself. */
async function expectNothingLeft(): Promise<ServerStatus> {
  const status = await server.until('idle', (now) => isIdle(now) && now.arrived === ended(now));
  for (const device of status.devices) {
    expect(device).toMatchObject({ inFlight: 0, leaseCount: 0, leasedBytes: 0 });
  }
  expect(status.devices).toHaveLength(8);
  expect(await server.stop()).toEqual({ code: 0, stderr: '' });
  return status;
}

function ended({ served, refused, aborted }: ServerStatus): number {
  return served + refused + aborted;
}

describe('a server that leases a GPU for each request', () => {
  it('is rid of clients that crash, running and waiting ones', async () => {
    const clients = server.clients(slots + places, endless);
    const status = await server.until('full', isFull);
    expect(status.devices.map(({ inFlight }) => inFlight)).toEqual(Array(8).fill(2));
    const refused = await Promise.all(Array.from({ length: 5 }, () => server.ask({})));
    expect(refused).toEqual(Array(5).fill({ status: 503, code: 'ERR_GPU_QUEUE_FULL' }));
    clients.kill('SIGKILL');
    expect(await expectNothingLeft()).toMatchObject({
      served: 0,
      refused: 5,
      aborted: slots + places,
    });
  });

  it('serves those who waited, once others hang up', async () => {
    const hangUps = Array.from({ length: slots }, () => new AbortController());
    const holders = hangUps.map(({ signal }) => server.ask(endless, signal));
    await server.until('all leased', ({ leases }) => leases === slots);
    const waiting = [{ ms: 1 }, { ms: 1, gpus: 8 }, { ms: 1 }].map((task) => server.ask(task));
    const hopeless = [{ gpus: 9 }, { patienceMs: 0 }, { patienceMs: 20 }];
    const codes = (await Promise.all(hopeless.map((task) => server.ask(task)))).map(
      (it) => it.code,
    );
    expect(codes).toEqual([
      'ERR_GPU_UNSATISFIABLE',
      'ERR_GPU_DEADLINE_UNREACHABLE',
      'ERR_GPU_TIMEOUT',
    ]);
    const impatient = new AbortController();
    const left = server.ask({}, impatient.signal);
    await server.until('four waiting', (status) => status.waiting === 4);
    impatient.abort();
    await server.until('three waiting', (status) => status.waiting === 3);
    expect(await left).toEqual({ status: 0 });
    for (const hangUp of hangUps) hangUp.abort();
    const answers = await Promise.all(waiting);
    expect(answers.map(({ devices }) => devices?.length)).toEqual([1, 8, 1]);
    expect(new Set(answers[1]?.devices).size).toBe(8);
    expect(await Promise.all(holders)).toEqual(Array(slots).fill({ status: 0 }));
    expect(await expectNothingLeft()).toMatchObject({
      served: 3,
      refused: 3,
      aborted: slots + 1,
    });
  });

  it('keeps nothing for half a request', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n';
    const halves = [head, `${head}\r\n`, `${head}\r\n{"ms"`];
    await Promise.all(
      halves.flatMap((half) => [true, false].map((hangUp) => server.send(half, { hangUp }))),
    );
    const rubbish = await server.ask({ ms: 1, gpus: 'many' });
    expect(rubbish).toEqual({ status: 400, code: 'ERR_GPU_INVALID_TYPE' });
    // Whose headers did not come to an end did not arrive.
    expect(await expectNothingLeft()).toMatchObject({ served: 0, refused: 1, aborted: 4 });
  });

  it('accounts for everybody in bursts of all of them', { timeout: 120_000 }, async () => {
    const random = randomFrom(20260);
    const pick = (most: number) => Math.floor(random() * most);
    let served = 0;
    const client = async () => {
      const task = { ms: pick(40), gpus: random() < 0.1 ? 1 + pick(8) : 1, patienceMs: pick(400) };
      const manner = random();
      if (manner < 0.1) {
        const crash = server.clients(1 + pick(8), endless);
        await sleep(pick(300));
        crash.kill('SIGKILL');
        await once(crash, 'exit');
      } else if (manner < 0.2) {
        await server.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{', {
          hangUp: true,
        });
      } else {
        const signal = manner < 0.5 ? AbortSignal.timeout(pick(60)) : undefined;
        const { status } = await server.ask(task, signal);
        if (status === 200) served += 1;
        else expect([0, 503]).toContain(status);
      }
    };
    for (let burst = 0; burst < 6; burst += 1) {
      await Promise.all(Array.from({ length: 60 }, client));
    }
    const status = await expectNothingLeft();
    expect(status.served).toBeGreaterThanOrEqual(served);
    for (const kind of ['served', 'refused', 'aborted'] as const) {
      expect(status[kind]).toBeGreaterThan(0);
    }
  });
});
