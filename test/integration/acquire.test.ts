import { expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const programs = 'integration/programs';

it('a request that waits keeps the process alive, a lease does not', async () => {
  const ending = await runProgram(`${programs}/waiting.cjs`);
  expect(ending).toMatchObject({ code: 0, stdout: 'ERR_GPU_TIMEOUT\nexit 0\n', stderr: '' });
});

it('what a worker held is had by who waits, however the worker lets go of it', async () => {
  const ending = await runProgram(`${programs}/waiting-for-workers.cjs`);
  expect(ending).toMatchObject({ code: 0, stderr: '' });
  const [device, ...lines] = ending.stdout.trimEnd().split('\n').reverse();
  expect(lines.reverse()).toEqual(
    ['released', 'ended', 'terminated'].map((how) => `held busy ${how} true`),
  );
  expect(JSON.parse(device ?? '')).toMatchObject({ inFlight: 0, leaseCount: 0, leasedBytes: 0 });
});
