// Measures candidates side by side: in one process, in turns, round by round.
import { performance } from 'node:perf_hooks';

const leastRounds = 11;
const warmUpMs = 30;
const turnMs = 3; // a turn repeats its candidate for about this long
const mostRepeats = 1e6;

let runs = 0;
let written = 0;

/**
 * A function of its own from the text, which sees `parts` by name. Where candidates share one, each
 * call in it is an indirect one, which costs as much as the shortest of them. V8 knows a text again
 * and would share it: hence the number.
 */
export function ownFunction(parts, text) {
  written += 1;
  return new Function(...Object.keys(parts), `return ${text} // ${written}`)(
    ...Object.values(parts),
  );
}

function loopOf(run) {
  const text = `(repeats) => {
    let last;
    for (let count = 0; count < repeats; count++) last = run();
    return last;
  };`;
  return ownFunction({ run }, text);
}

function timed(loop, repeats) {
  const startMs = performance.now();
  loop(repeats);
  return performance.now() - startMs;
}

/** Runs the loop until its code is warm. How often a turn repeats its candidate. */
function warmUp(loop) {
  const endMs = performance.now() + warmUpMs;
  let repeats = 1;
  for (;;) {
    const tookMs = timed(loop, repeats);
    const perTurn = Math.ceil((turnMs * repeats) / Math.max(tookMs, 1e-3));
    if (performance.now() >= endMs) return Math.min(Math.max(perTurn, 1), mostRepeats);
    repeats = Math.min(repeats * 2, perTurn, mostRepeats);
  }
}

/** A turn gives nanoseconds an item. */
function turnOf({ run, inside, items = 1 }) {
  if (inside !== undefined) return inside;
  const loop = loopOf(run);
  const repeats = warmUp(loop);
  // Once untimed: the others may have taken the data out of the caches. What takes long enough to
  // fill a turn on its own brings them back itself.
  return () => {
    if (repeats > 1) loop(1);
    return (timed(loop, repeats) * 1e6) / (repeats * items);
  };
}

/** What answers later is waited for, again and again; nothing else happens meanwhile. */
async function laterTurnOf({ runLater, items = 1 }) {
  const timed = async (repeats) => {
    const startMs = performance.now();
    for (let count = 0; count < repeats; count++) await runLater();
    return performance.now() - startMs;
  };
  const endMs = performance.now() + warmUpMs;
  let tookMs;
  do tookMs = await timed(1);
  while (performance.now() < endMs);
  const repeats = Math.max(1, Math.ceil(turnMs / Math.max(tookMs, 1e-3)));
  return async () => ((await timed(repeats)) * 1e6) / (repeats * items);
}

function checkRounds(rounds) {
  if (rounds < leastRounds) throw new Error(`at least ${leastRounds} rounds, got ${rounds}`);
}

/** All turns in their order: each round begins with another one, so that none follows the same. */
function* turnsInOrder(turns, rounds) {
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < turns.length; step++) yield turns[(round + step) % turns.length];
  }
}

function figuresOf(turns) {
  runs += 1;
  return Object.fromEntries(
    turns.map(({ name, samples }) => [name, { samples, unit: 'ns', run: runs }]),
  );
}

/**
 * Figures of the candidates by name. A candidate is { run, items? }, timed here, `items` of what is
 * asked about a call; or { inside }, which gives the nanoseconds itself.
 */
export function compare(candidates, { rounds = leastRounds } = {}) {
  checkRounds(rounds);
  globalThis.gc?.();
  const turns = Object.entries(candidates).map(([name, candidate]) => ({
    name,
    turn: turnOf(candidate),
    samples: [],
  }));
  for (const { turn, samples } of turnsInOrder(turns, rounds)) samples.push(turn());
  return figuresOf(turns);
}

/** The same with candidates that answer later among them: { runLater, items? } gives a promise. */
export async function compareLater(candidates, { rounds = leastRounds } = {}) {
  checkRounds(rounds);
  globalThis.gc?.();
  const turns = [];
  for (const [name, candidate] of Object.entries(candidates)) {
    const { runLater } = candidate;
    const turn = runLater === undefined ? turnOf(candidate) : await laterTurnOf(candidate);
    turns.push({ name, turn, samples: [] });
  }
  for (const { turn, samples } of turnsInOrder(turns, rounds)) samples.push(await turn());
  return figuresOf(turns);
}
