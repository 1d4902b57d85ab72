// Workers hold leases in the ledger and end as workers do; the main thread looks on.
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { loadNative } = require('../../../dist/native.js');
const { ownSimulatedDriverPath } = require('../../../dist/testing/simulator.js');

const options = {
  libraryPath: ownSimulatedDriverPath(),
  scenario: JSON.stringify({ devices: [{ board: 'h100' }] }),
  periodMs: 10,
  maxHistory: 10,
  memoryLimitBytes: 2 ** 26,
  hangTimeoutMs: 2000,
  idleReleaseMs: 0,
};
const nativePath = require.resolve('../../../dist/native.js');
const body = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { loadNative } = require(workerData.nativePath);
  const { layout, openSession } = loadNative();
  const session = openSession(workerData.options);
  const timer = setInterval(() => {
    if (session.state() === 'opening') return;
    clearInterval(timer);
    const shard = session.claimLedger();
    const cells = new Int32Array(session.block());
    const at = 2 * (layout.firstLedgerWord + shard * layout.ledgerShardStrideWords);
    Atomics.store(cells, at, 64 + shard);
    parentPort.postMessage({ shard, others: Atomics.load(cells, 2 * layout.ledgerSharesWord) });
    parentPort.on('message', (how) => {
      if (how === 'exit') process.exit(0);
      if (how === 'throw') throw new Error('on purpose');
      if (how === 'close') session.close();
    });
  }, 1);
`;

async function until(done) {
  for (const deadline = Date.now() + 20_000; !done(); await sleep(1)) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${done}`);
  }
}

async function main() {
  const { layout, openSession } = loadNative();
  const session = openSession(options);
  await until(() => session.state() !== 'opening');
  const own = session.claimLedger();
  const cells = new Int32Array(session.block());
  const clock = () => Atomics.load(cells, 2 * layout.ledgerClockWord);
  const told = [];
  for (const how of ['terminate', 'exit', 'throw', 'close']) {
    const worker = new Worker(body, { eval: true, workerData: { options, nativePath } });
    worker.on('error', () => {});
    const [{ shard, others }] = await once(worker, 'message');
    const at = 2 * (layout.firstLedgerWord + shard * layout.ledgerShardStrideWords);
    const held = Atomics.load(cells, at);
    const before = clock();
    if (how === 'terminate') await worker.terminate();
    else worker.postMessage(how);
    await until(() => Atomics.load(cells, 2 * layout.ledgerSharesWord) === 1);
    told.push({ how, shard, others, held, left: Atomics.load(cells, at), ticks: clock() - before });
    await worker.terminate();
  }
  session.close();
  console.log(JSON.stringify({ own, told }));
}
main();
