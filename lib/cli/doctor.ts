import { statusOf } from './cluster.js';
import type { Command, CommandContext } from './command.js';
import { printJson } from './command.js';
import type { Options } from './command-line.js';
import { findingsOfDevices } from './doctor-devices.js';
import { findingsOfCluster, findingsOfFailure } from './doctor-driver.js';
import {
  checkContainer,
  checkDeviceFiles,
  checkNode,
  checkPersistence,
  checkPlatform,
  checkVisibility,
  type Finding,
  kernelModuleVersion,
  type Verdict,
} from './doctor-host.js';
import {
  firstDetails,
  firstSamples,
  openOptions,
  printLines,
  sessionOptions,
  withCluster,
} from './session.js';
import { type Line, type Style, span } from './styled.js';

export const doctor: Command = {
  name: 'doctor',
  summary: 'check what live telemetry needs; read-only; exits 0 PASS, 1 WARN, 2 FAIL',
  options: { ...sessionOptions, json: { kind: 'flag', text: 'print JSON' } },
  async run(options, context) {
    const { simulated, findings } = await examine(options, context);
    const verdict = worst(findings);
    if (options.has('json')) {
      printJson({ verdict, simulated, checks: findings }, context);
    } else {
      printLines([...findings.flatMap(findingLines), summaryLine(findings)], context);
    }
    return exitCodes[verdict];
  },
};

const exitCodes: Readonly<Record<Verdict, number>> = { PASS: 0, WARN: 1, FAIL: 2 };
const styles: Readonly<Record<Verdict, Style>> = { PASS: 'good', WARN: 'warning', FAIL: 'bad' };

/** A hung driver must not hang the doctor. */
const openTimeoutMs = 5000;

interface Examination {
  readonly simulated: boolean;
  readonly findings: readonly Finding[];
}

async function examine(options: Options, context: CommandContext): Promise<Examination> {
  const { host, env } = context;
  const opening = {
    devices: 'all',
    openTimeoutMs,
    ...openOptions(options, context.signal),
  } as const;
  const basics = [checkPlatform(host), checkNode(host)];
  try {
    return await withCluster(context, opening, async (cluster) => {
      await firstSamples(cluster, context);
      const { simulated } = statusOf(cluster);
      const visibility = checkVisibility(cluster.listDevices(), env);
      await firstDetails(cluster, context);
      const devices = findingsOfDevices(cluster);
      const told = new Set(devices.map(({ check }) => check));
      const machine = simulated ? [] : checkMachine(context);
      return {
        simulated,
        findings: [
          ...basics,
          ...findingsOfCluster(cluster),
          ...devices,
          visibility,
          ...machine.filter(({ check }) => !told.has(check)),
        ],
      };
    });
  } catch (error) {
    const simulated = options.has('simulate');
    const failed = findingsOfFailure(error, kernelModuleVersion(host)).filter(
      ({ check }) => check !== 'platform',
    );
    return {
      simulated,
      findings: [...basics, ...failed, ...(simulated ? [] : checkMachine(context))],
    };
  }
}

/** What a real driver needs of the machine; a simulated one needs nothing of it. */
function checkMachine({ host }: CommandContext): readonly Finding[] {
  if (host.platform !== 'linux') return [];
  return [checkDeviceFiles(host), checkPersistence(host), checkContainer(host)];
}

function worst(findings: readonly Finding[]): Verdict {
  const verdicts = new Set(findings.map(({ verdict }) => verdict));
  if (verdicts.has('FAIL')) return 'FAIL';
  return verdicts.has('WARN') ? 'WARN' : 'PASS';
}

const checkWidth = 'CUDA_VISIBLE_DEVICES'.length + 2;

function findingLines({ check, verdict, detail, hint }: Finding): readonly Line[] {
  const line = [span(verdict, styles[verdict]), span(`  ${check.padEnd(checkWidth)}${detail}`)];
  if (hint === undefined) return [line];
  return [line, [span(`${' '.repeat(checkWidth + 6)}${hint}`, 'muted')]];
}

function summaryLine(findings: readonly Finding[]): Line {
  const count = (wanted: Verdict) => findings.filter(({ verdict }) => verdict === wanted).length;
  return [span(`${count('PASS')} passed, ${count('WARN')} warned, ${count('FAIL')} failed`)];
}
