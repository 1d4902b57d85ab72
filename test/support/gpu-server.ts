import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const programs = resolve(__dirname, '../integration/programs');
const patienceMs = 30_000;

export interface Task {
  readonly ms?: number;
  readonly gpus?: number;
  readonly patienceMs?: number;
}

export interface ServerStatus {
  readonly arrived: number;
  readonly served: number;
  readonly refused: number;
  readonly aborted: number;
  readonly leases: number;
  readonly waiting: number;
  readonly devices: readonly {
    readonly inFlight: number;
    readonly leaseCount: number;
    readonly leasedBytes: number;
  }[];
}

export interface Answer {
  /** 0: the connection ended before there was one. */
  readonly status: number;
  readonly code?: string;
  readonly devices?: readonly string[];
}

/** The example server as a process of its own, and clients of all manners. */
export class GpuServer {
  readonly #process: ChildProcess;
  readonly #port: number;
  readonly #stderr: Promise<string>;

  private constructor(process: ChildProcess, port: number, stderr: Promise<string>) {
    this.#process = process;
    this.#port = port;
    this.#stderr = stderr;
  }

  static async start(): Promise<GpuServer> {
    const process_ = spawn(process.execPath, [`${programs}/gpu-server.cjs`]);
    const stderr = text(process_.stderr);
    const [port] = await once(createInterface(process_.stdout), 'line');
    return new GpuServer(process_, Number(port), stderr);
  }

  async status(): Promise<ServerStatus> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/`);
    return (await response.json()) as ServerStatus;
  }

  /** Waits until the server's status is such. */
  async until(what: string, isSo: (status: ServerStatus) => boolean): Promise<ServerStatus> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const status = await this.status();
      if (isSo(status)) return status;
      if (performance.now() > deadline) throw new Error(`never ${what}: ${JSON.stringify(status)}`);
      await sleep(10);
    }
  }

  /** Asks, for a Task as it should be; hangs up when the signal says so. */
  ask(task: object, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve) => {
      const gone = () => resolve({ status: 0 });
      const asked = request({ port: this.#port, method: 'POST', agent: false, signal });
      asked.on('error', gone);
      asked.on('response', async (response) => {
        const body = await text(response).catch(() => undefined);
        if (body === undefined) gone();
        else resolve({ status: response.statusCode ?? 0, ...JSON.parse(body) });
      });
      asked.end(JSON.stringify(task));
    });
  }

  /** Sends these bytes, and hangs up then or waits for the server to do it. */
  async send(bytes: string, { hangUp }: { readonly hangUp: boolean }): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write(bytes, () => hangUp && socket.destroy());
    await once(socket, 'close');
  }

  /** A process of clients that keep their requests open. */
  clients(count: number, task: Task): ChildProcess {
    const args = [`${programs}/gpu-clients.cjs`, this.#port, count, JSON.stringify(task)];
    return spawn(process.execPath, args.map(String), { stdio: 'inherit' });
  }

  /** Asks it to end. What it had to say on the way. */
  async stop(): Promise<{ readonly code: number | null; readonly stderr: string }> {
    this.#process.kill('SIGTERM');
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    return { code: this.#process.exitCode, stderr: await this.#stderr };
  }

  /** Whatever it does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
