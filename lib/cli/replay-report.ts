import type { PolicyOutcome, ReplayPlan } from '../replay/replay.js';
import { countText, groupDigits, unknownText } from './format.js';
import type { TableLayout } from './session.js';
import { type Line, span } from './styled.js';
import { type Column, tableLines, widestWithin } from './table.js';

/** What a replay printed may be taken for: nothing that a GPU did. */
const nature = 'a replay: modelled GPUs and requests under a virtual clock, no real GPU';

export function reportJson(plan: ReplayPlan, outcomes: readonly PolicyOutcome[]): object {
  const { scenario, ...settings } = plan;
  return {
    simulated: true,
    nature,
    scenario: scenario.name,
    ...settings,
    gpus: scenario.gpus.map(({ model, recording }, index) => ({
      index,
      ...model,
      ...(recording === undefined ? {} : { recording: recording.name }),
    })),
    policies: outcomes.map(({ policy, figures }) => ({
      policy,
      ...figures,
      ...timesOracle(figures.meanMs, outcomes),
    })),
  };
}

function timesOracle(meanMs: number | undefined, outcomes: readonly PolicyOutcome[]) {
  const ideal = outcomes.find(({ policy }) => policy === 'oracle')?.figures.meanMs;
  if (meanMs === undefined || ideal === undefined) return {};
  return { timesOracle: meanMs / ideal };
}

export function reportLines(
  plan: ReplayPlan,
  outcomes: readonly PolicyOutcome[],
  { columns, glyphs }: TableLayout,
): readonly Line[] {
  const table = { width: columns, ellipsis: glyphs.ellipsis };
  const first = outcomes[0]?.figures.requests ?? 0;
  const notes = [
    'seconds from a request until it is done; imbalance: longest less shortest wait,',
    'as requests met it; energy: of all GPUs until all are done, modelled;',
    'oracle: knows how much work is left on every GPU, which no policy can',
  ];
  return [
    [span(`SIMULATED: ${nature}`, 'banner')],
    ...planLines(plan, first).map((text) => [span(text, 'muted')]),
    ...tableLines(columnsFor(outcomes), outcomes, table),
    ...notes.map((text) => [span(text, 'muted')]),
  ];
}

function planLines(plan: ReplayPlan, requests: number): readonly string[] {
  const { scenario, dispatchers, ledger, telemetryMs, load, burst, seconds, seed } = plan;
  const recordings = new Set(
    scenario.gpus.flatMap(({ recording }) => (recording === undefined ? [] : recording.name)),
  );
  const whose = dispatchers === 1 ? 'its own ledger' : `${ledger} ledger`;
  return [
    `scenario ${scenario.name}, ${countText(scenario.gpus.length, 'GPU')}, ` +
      `${countText(dispatchers, 'dispatcher')}, ${whose}, telemetry every ${telemetryMs} ms`,
    `${countText(requests, 'request')} in ${seconds} s, load ${load}, ` +
      `bursts of ${burst}, seed ${seed}`,
    ...(recordings.size === 0 ? [] : [`others at work: ${[...recordings].join(', ')}`]),
  ];
}

function columnsFor(outcomes: readonly PolicyOutcome[]): readonly Column<PolicyOutcome>[] {
  const column = (
    title: string,
    priority: number,
    text: (outcome: PolicyOutcome) => string,
  ): Column<PolicyOutcome> => {
    const width = widestWithin(outcomes.map(text), { minimum: title.length, maximum: 24 });
    const align = title === 'POLICY' ? 'left' : 'right';
    const cell = (row: PolicyOutcome) => [
      span(text(row), row.policy === 'oracle' ? 'muted' : undefined),
    ];
    return { title, priority, minWidth: width, maxWidth: width, align, cell };
  };
  return [
    column('POLICY', 0, ({ policy }) => policy),
    column('MEAN', 1, ({ figures }) => secondsText(figures.meanMs)),
    column('P50', 4, ({ figures }) => secondsText(figures.p50Ms)),
    column('P99', 2, ({ figures }) => secondsText(figures.p99Ms)),
    column('/ORACLE', 3, ({ figures }) => {
      const { timesOracle: times } = timesOracle(figures.meanMs, outcomes);
      return times === undefined ? unknownText : times.toFixed(2);
    }),
    column('IMBALANCE', 6, ({ figures }) => secondsText(figures.imbalanceMs)),
    column('REFUSED', 5, ({ figures }) => groupDigits(figures.refused)),
    column('kJ', 7, ({ figures }) => (figures.joules / 1000).toFixed(1)),
  ];
}

function secondsText(ms: number | undefined): string {
  return ms === undefined ? unknownText : (ms / 1000).toFixed(3);
}
