interface Listener {
  readonly callbacks: Set<() => void>;
  readonly listen: () => void;
}

const listeners = new WeakMap<AbortSignal, Listener>();

/**
 * Calls back once when the signal is aborted, unless the returned function was called before. A
 * signal gets one listener, however many wait for it: Node warns of more than ten as of a leak,
 * and one signal for all requests of a program is no leak.
 */
export function listenForAbort(signal: AbortSignal, callback: () => void): () => void {
  const listener = listeners.get(signal) ?? listenTo(signal);
  listener.callbacks.add(callback);
  return () => {
    listener.callbacks.delete(callback);
    if (listener.callbacks.size > 0) return;
    signal.removeEventListener('abort', listener.listen);
    if (listeners.get(signal) === listener) listeners.delete(signal);
  };
}

function listenTo(signal: AbortSignal): Listener {
  const callbacks = new Set<() => void>();
  const listen = () => {
    listeners.delete(signal);
    for (const callback of callbacks) callback();
  };
  const listener = { callbacks, listen };
  listeners.set(signal, listener);
  signal.addEventListener('abort', listen, { once: true });
  return listener;
}
