import type { Cluster } from './cluster.js';
import type { CommandContext } from './command.js';
import { liveFrame, type TopState } from './frame.js';
import { glyphsFor } from './glyphs.js';
import { keysOf, press } from './keys.js';
import { LoadHistory } from './load-history.js';
import { Screen } from './screen.js';
import { paint } from './styled.js';
import { lookOf } from './terminal.js';
import { type ClusterView, captureView, observe } from './view.js';

/** Twice a second: the eye cannot read numbers that change faster. */
const redrawMs = 500;

/** Shows the cluster until a key, `context.signal` or a failure ends it; then restores all. */
export function runLiveTop(cluster: Cluster, context: CommandContext): Promise<void> {
  return new LiveTop(cluster, context).run();
}

class LiveTop {
  readonly #cluster: Cluster;
  readonly #context: CommandContext;
  readonly #screen: Screen;
  readonly #look: ReturnType<typeof lookOf>;
  readonly #history = new LoadHistory();
  #state: TopState = { sort: 'index', paused: false, help: false };
  #view: ClusterView | undefined;
  #end: (error?: unknown) => void = () => undefined;

  constructor(cluster: Cluster, context: CommandContext) {
    this.#cluster = cluster;
    this.#context = context;
    this.#screen = new Screen(context.stdout);
    this.#look = lookOf(context.stdout, context.env);
  }

  async run(): Promise<void> {
    const { stdin, stdout, signal } = this.#context;
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error));
    });
    const stop = () => this.#end();
    const forget = this.#context.onExit(() => this.#restore());
    const timer = setInterval(() => this.#guard(() => this.#redraw()), redrawMs);
    try {
      if (signal.aborted) return;
      signal.addEventListener('abort', stop);
      stdin.setRawMode?.(true);
      stdin.on('data', this.#onData);
      stdin.resume();
      stdout.on('resize', this.#onResize);
      this.#screen.enter();
      this.#redraw();
      await ended;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      stdin.off('data', this.#onData);
      stdin.pause();
      stdout.off('resize', this.#onResize);
      this.#restore();
      forget();
    }
  }

  #restore(): void {
    this.#screen.leave();
    this.#context.stdin.setRawMode?.(false);
  }

  /** Runs inside an event: what is thrown must end the picture, not the process. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#end(error);
    }
  }

  readonly #onData = (data: Uint8Array | string): void => {
    for (const key of keysOf(data)) {
      if (key === 'quit') {
        this.#end();
        return;
      }
      this.#state = press(this.#state, key);
    }
    this.#guard(() => this.#redraw());
  };

  readonly #onResize = (): void => {
    this.#screen.forget();
    this.#guard(() => this.#redraw());
  };

  #redraw(): void {
    if (this.#view === undefined || !this.#state.paused) {
      this.#view = captureView(this.#cluster, this.#context.now(), this.#history);
    } else {
      observe(this.#cluster, this.#history);
    }
    const lines = liveFrame(this.#view, this.#state, {
      size: this.#screen.size,
      glyphs: glyphsFor(this.#look),
    });
    this.#screen.draw(lines.map((line) => paint(line, this.#look)));
  }
}
