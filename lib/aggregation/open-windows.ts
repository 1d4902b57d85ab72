/** Whether a window is open, and what ends it. Held by the window and by all who read it. */
export class WindowHandle {
  readonly #end: () => void;
  #isOpen = true;

  constructor(end: () => void) {
    this.#end = end;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#end();
  }
}

interface Forgotten {
  readonly handle: WeakRef<WindowHandle>;
  readonly end: () => void;
}

/** The windows of one cluster: they end with it, or once nobody holds them any more. */
export class OpenWindows {
  readonly #handles = new Set<WeakRef<WindowHandle>>();
  readonly #registry = new FinalizationRegistry<Forgotten>(({ handle, end }) => {
    this.#handles.delete(handle);
    end();
  });

  /** `end` may run twice, and holds nothing that holds the handle. */
  open(end: () => void): WindowHandle {
    const handle = new WindowHandle(end);
    const weak = new WeakRef(handle);
    this.#handles.add(weak);
    this.#registry.register(handle, { handle: weak, end });
    return handle;
  }

  close(): void {
    for (const handle of this.#handles) handle.deref()?.close();
    this.#handles.clear();
  }
}
