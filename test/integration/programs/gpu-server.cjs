// An HTTP server that gives each request GPUs, and takes them back however the request ends.
// POST / { ms, gpus, patienceMs }: so many GPUs at work for `ms`. GET /: who holds what.
const { createServer } = require('node:http');
const { json } = require('node:stream/consumers');
const { setTimeout: sleep } = require('node:timers/promises');
const { GPUClusteringManager } = require('../../../dist/index.js');

const counts = { arrived: 0, served: 0, refused: 0, aborted: 0 };

/** Stands for a model at work on the devices of the lease. */
async function work(lease, { ms = 50 }, signal) {
  await sleep(ms, undefined, { signal });
  return { devices: lease.devices.map(({ deviceId }) => deviceId), simulated: true };
}

async function serve(gpus, task, client) {
  const lease = await gpus.acquire({
    count: task.gpus ?? 1,
    memoryBytes: 2 * 2 ** 30,
    timeoutMs: task.patienceMs ?? 60_000,
    signal: client,
  });
  try {
    return await work(lease, task, AbortSignal.any([client, lease.signal]));
  } finally {
    lease.release();
  }
}

async function answer(gpus, request, response) {
  const client = new AbortController();
  response.once('close', () => client.abort());
  counts.arrived += 1;
  try {
    const result = await serve(gpus, await json(request), client.signal);
    response.end(JSON.stringify(result));
    counts.served += 1;
  } catch (error) {
    const isGone = request.socket.destroyed;
    counts[isGone ? 'aborted' : 'refused'] += 1;
    if (!isGone) response.writeHead(statusOf(error)).end(JSON.stringify({ code: error.code }));
  }
}

function statusOf(error) {
  if ([SyntaxError, TypeError, RangeError].some((kind) => error instanceof kind)) return 400;
  return error.code === 'ERR_GPU_UNSATISFIABLE' ? 422 : 503;
}

async function main() {
  const gpus = await GPUClusteringManager.open({
    simulate: 'h100x8',
    devices: 'all',
    leases: { maxInFlight: 2, maxQueue: 32 },
  });
  const server = createServer({ requestTimeout: 2000, connectionsCheckingInterval: 100 });
  server.on('request', (request, response) => {
    if (request.method === 'POST') answer(gpus, request, response);
    else response.end(JSON.stringify({ ...counts, ...gpus.leaseStatus() }));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.once('SIGTERM', () => server.close(() => gpus.shutdown()));
}

main();
