// The same on another thread.
import { parentPort, workerData } from 'node:worker_threads';
import { readFor } from './reading.mjs';

const { memory, layout, lengthMs } = workerData;
parentPort.postMessage(readFor(memory, layout, { lengthMs }));
