import type { Cluster } from './cluster.js';
import type { Command, CommandContext } from './command.js';
import { plainFrame } from './frame.js';
import { runLiveTop } from './live-top.js';
import { historySeconds, LoadHistory } from './load-history.js';
import { clusterOptions, layoutOf, openOptions, printLines, withCluster } from './session.js';
import { isInteractive } from './terminal.js';
import { captureView, observe } from './view.js';

const dayMs = 86_400_000;
/** Samples are looked at so often, however long it is until the next print. */
const lookMs = 1000;

export const top: Command = {
  name: 'top',
  summary: 'show all devices live; without a terminal, print the table a few times',
  options: {
    ...clusterOptions,
    count: { kind: 'value', value: 'N', text: 'print the table N times and end (5)' },
    interval: { kind: 'value', value: 'MS', text: 'time from one print to the next (1000)' },
  },
  async run(options, context) {
    const count = options.integer('count', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
    const intervalMs = options.integer('interval', { minimum: 1, maximum: dayMs });
    const asked = count !== undefined || intervalMs !== undefined;
    const live = !asked && isInteractive(context.stdout, context.stdin, context.env);
    const opening = openOptions(options, context.signal);
    const maxHistory = historySamples(opening.periodMs ?? 100);
    await withCluster(context, { ...opening, maxHistory }, (cluster) =>
      live
        ? runLiveTop(cluster, context)
        : printRounds(cluster, context, { count: count ?? 5, intervalMs: intervalMs ?? 1000 }),
    );
    return 0;
  },
};

/**
 * A minute of samples, within what is quick to copy on every redraw. At periods below 10 ms it is
 * less, but several seconds: more than passes from one look to the next.
 */
function historySamples(periodMs: number): number {
  return Math.min(6000, Math.max(2, Math.ceil((historySeconds * 1000) / periodMs)));
}

async function printRounds(
  cluster: Cluster,
  context: CommandContext,
  { count, intervalMs }: { readonly count: number; readonly intervalMs: number },
): Promise<void> {
  const history = new LoadHistory();
  for (let round = 0; round < count; round++) {
    for (let leftMs = intervalMs; leftMs > 0; leftMs -= lookMs) {
      await context.sleep(Math.min(leftMs, lookMs));
      if (context.signal.aborted) return;
      observe(cluster, history);
    }
    const view = captureView(cluster, context.now(), history);
    const lines = plainFrame(view, { ...layoutOf(context), history: true });
    printLines(round === 0 ? lines : [[], ...lines], context);
  }
}
