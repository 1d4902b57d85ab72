/** Whether a window is open, and what ends it. */
export class WindowHandle {
  readonly #end: () => void;
  /** A plain member: it is looked at whenever a window is read. */
  isOpen = true;

  constructor(end: () => void) {
    this.#end = end;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#end();
  }
}

/** The windows of one cluster: they end with it, or once their owner has forgotten them. */
export class OpenWindows {
  readonly #handles = new Set<WindowHandle>();
  readonly #forgotten = new FinalizationRegistry<WindowHandle>((handle) => handle.close());

  /** `end` runs once and must not hold what `own` makes. */
  open<W extends object>(end: () => void, own: (handle: WindowHandle) => W): W {
    const handle: WindowHandle = new WindowHandle(() => {
      this.#handles.delete(handle);
      end();
    });
    const owner = own(handle);
    this.#handles.add(handle);
    this.#forgotten.register(owner, handle);
    return owner;
  }

  close(): void {
    for (const handle of [...this.#handles]) handle.close();
  }
}
