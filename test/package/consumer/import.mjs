import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as names from 'gpuring';
import { DistributionStrategy, GPUClusteringManager, GPUError } from 'gpuring';
import * as testing from 'gpuring/testing';

const require = createRequire(import.meta.url);

// One implementation: the classes of both sides are the same objects.
assert.deepEqual({ ...names }, { ...require('gpuring') });
assert.deepEqual({ ...testing }, { ...require('gpuring/testing') });
assert.equal(GPUClusteringManager, require('gpuring').GPUClusteringManager);
assert.equal(DistributionStrategy.Uniform, 'uniform');
assert.ok(new GPUError('ERR_GPU_CLOSED', 'x') instanceof Error);

const manager = await GPUClusteringManager.open({ simulate: true });
assert.ok(manager.listDevices().length > 0);
await manager.shutdown();
