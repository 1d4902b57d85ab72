import { type ReplayPolicy, replayPolicies } from '../replay/cast.js';
import {
  type PolicyOutcome,
  type ReplayPlan,
  replayPolicy,
  requestsExpected,
} from '../replay/replay.js';
import { loadScenario, scenarioNames } from '../replay/scenario.js';
import { type Command, type CommandContext, printJson } from './command.js';
import { type Options, UsageError } from './command-line.js';
import { groupDigits } from './format.js';
import { reportJson, reportLines } from './replay-report.js';
import { layoutOf, printLines } from './session.js';

const defaultPolicies: readonly ReplayPolicy[] = [
  'score',
  'round-robin',
  'power-of-two',
  'least-loaded',
  'estimated-completion',
];

/** Some minutes of work and some hundred megabytes a policy. */
const maxRequests = 5_000_000;

export const replay: Command = {
  name: 'replay',
  summary: 'compare selection policies in a simulation of requests on GPUs',
  options: {
    policy: { kind: 'value', value: 'A,B,...', text: 'policies to compare; the oracle comes too' },
    scenario: {
      kind: 'value',
      value: 'NAME',
      text: 'the GPUs: heterogeneous (default), uniform, recorded',
    },
    trace: {
      kind: 'value',
      value: 'FILE|NAME',
      text: 'what others do on the GPUs: a .csv of nvidia-smi, or a shipped one; may come again',
    },
    dispatchers: { kind: 'value', value: 'N', text: 'how many place requests (1)' },
    ledger: { kind: 'value', value: 'KIND', text: 'shared (default), or private to a dispatcher' },
    'telemetry-ms': { kind: 'value', value: 'MS', text: 'how often policies see the GPUs (1000)' },
    load: { kind: 'value', value: 'SHARE', text: 'of what the GPUs can do (0.7)' },
    burst: { kind: 'value', value: 'N', text: 'requests that come at once, on average (2)' },
    seconds: { kind: 'value', value: 'N', text: 'how long requests come (120)' },
    'service-ms': { kind: 'value', value: 'MS', text: 'mean service time at speed 1 (200)' },
    'max-in-flight': { kind: 'value', value: 'N', text: 'requests a GPU takes; more are refused' },
    memory: { kind: 'value', value: 'SIZE', text: 'memory that each request reserves, as 2GiB' },
    seed: { kind: 'value', value: 'N', text: 'the same seed, the same figures (1)' },
    json: { kind: 'flag', text: 'print JSON' },
  },
  async run(options, context) {
    const plan = planOf(options);
    const policies = options.choices('policy', replayPolicies) ?? defaultPolicies;
    const outcomes = await play(plan, policies, context);
    if (options.has('json')) printJson(reportJson(plan, outcomes), context);
    else printLines(reportLines(plan, outcomes, layoutOf(context)), context);
    return 0;
  },
};

function planOf(options: Options): ReplayPlan {
  const scenario = options.choice('scenario', scenarioNames) ?? 'heterogeneous';
  const maxInFlight = options.integer('max-in-flight', { minimum: 1, maximum: 1_000_000 });
  const plan = {
    scenario: loadScenario(scenario, options.texts('trace')),
    dispatchers: options.integer('dispatchers', { minimum: 1, maximum: 64 }) ?? 1,
    ledger: options.choice('ledger', ['shared', 'private']) ?? 'shared',
    telemetryMs: options.integer('telemetry-ms', { minimum: 1, maximum: 3_600_000 }) ?? 1000,
    load: options.number('load', { minimum: 0.001, maximum: 10 }) ?? 0.7,
    burst: options.number('burst', { minimum: 1, maximum: 10_000 }) ?? 2,
    seconds: options.number('seconds', { minimum: 1, maximum: 604_800 }) ?? 120,
    serviceMs: options.number('service-ms', { minimum: 0.1, maximum: 3_600_000 }) ?? 200,
    memoryBytes: options.bytes('memory') ?? 0,
    seed: options.integer('seed', { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) ?? 1,
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
  } as const;
  const requests = requestsExpected(plan);
  if (requests <= maxRequests) return plan;
  throw new UsageError(
    `expected at most ${groupDigits(maxRequests)} requests, ` +
      `got about ${groupDigits(requests)}: lower --load or --seconds, or raise --service-ms`,
  );
}

/** The oracle last, as what the others are measured by. */
async function play(
  plan: ReplayPlan,
  policies: readonly ReplayPolicy[],
  context: CommandContext,
): Promise<readonly PolicyOutcome[]> {
  const outcomes: PolicyOutcome[] = [];
  for (const policy of [...policies.filter((name) => name !== 'oracle'), 'oracle'] as const) {
    await context.sleep(0); // so that Ctrl-C is heard
    context.signal.throwIfAborted();
    outcomes.push({ policy, figures: replayPolicy(plan, policy) });
  }
  return outcomes;
}
