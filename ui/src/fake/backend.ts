/** A backend without a shell or an engine: for component tests, and for a browser during development. */

import type { Calls } from "../api";
import type { Backend, Desktop, Failure, Hotkey, Shown } from "../desktop";

type Name = keyof Calls;

/** The response to a call: plain data, or a function of the parameters (which may wait, or throw a `Failure`). */
export type Answer<N extends Name> =
  Calls[N]["answer"] | ((params: Calls[N]["params"]) => Calls[N]["answer"] | Promise<Calls[N]["answer"]>);

/** Responses by the name of the call. */
export type Answers = { [N in Name]?: Answer<N> };

/** A call to the engine, or to the shell. */
export interface Call {
  name:
    | Name
    | "hide"
    | "showSettings"
    | "showLauncher"
    | "openLink"
    | "setHotkey"
    | "setAutostart"
    | "playground"
    | "quit";
  params: unknown;
}

/** A call that waits until the test answers it. */
export interface Held<N extends Name> {
  answer(value: Calls[N]["answer"]): void;
  fail(failure: Failure | string): void;
}

/** A failure as the shell reports it. */
export function failure(message: string, error?: Failure["error"]): Failure {
  return { message, error: error ?? { kind: "internal", message } };
}

export const DESKTOP: Desktop = {
  version: "0.1.0",
  platform: "linux",
  wayland: false,
  playground: false,
  first_run: false,
  hotkey: { keys: "Alt+Space", state: "active", why: null },
  tray: { shown: true, why: null },
  autostart: false,
  owner: "here",
  theme: "system",
};

export class FakeBackend implements Backend {
  /** All calls, in order. */
  readonly calls: Call[] = [];
  private readonly answers: Answers;
  private readonly listeners = {
    shown: new Set<(shown: Shown) => void>(),
    desktop: new Set<(desktop: Desktop) => void>(),
    changed: new Set<() => void>(),
  };
  private state: Desktop;

  constructor(answers: Answers = {}, desktop: Partial<Desktop> = {}) {
    this.answers = { ...answers };
    this.state = { ...DESKTOP, ...desktop };
  }

  /** Sets the response to a call. */
  answer<N extends Name>(name: N, answer: Answer<N>): this {
    return this.set(name, answer);
  }

  private set(name: Name, answer: unknown): this {
    (this.answers as Record<Name, unknown>)[name] = answer;
    return this;
  }

  /** Lets a call fail. */
  fail(name: Name, why: Failure | string): this {
    return this.set(name, () => {
      throw typeof why === "string" ? failure(why) : why;
    });
  }

  /** Lets a call wait forever. */
  never(name: Name): this {
    return this.set(name, () => new Promise<never>(() => {}));
  }

  /** Delays the response to a call. */
  late<N extends Name>(name: N, milliseconds: number): this {
    const answer = (this.answers as Record<Name, unknown>)[name] as Answer<N>;
    return this.set(name, async (params: Calls[N]["params"]) => {
      await new Promise((wake) => setTimeout(wake, milliseconds));
      return this.make(answer, params);
    });
  }

  /** The next call of this name waits until the returned handle is used; later calls are answered as before. */
  hold<N extends Name>(name: N): Held<N> {
    const before = (this.answers as Record<Name, unknown>)[name];
    let answer: (value: unknown) => void = () => {};
    let reject: (why: unknown) => void = () => {};
    const held = new Promise<unknown>((resolve, refuse) => {
      answer = resolve;
      reject = refuse;
    });
    this.set(name, () => {
      this.set(name, before);
      return held;
    });
    return {
      answer: answer as (value: unknown) => void,
      fail: (why) => reject(typeof why === "string" ? failure(why) : why),
    };
  }

  /** The parameters of the calls of this name, in order. */
  asked<N extends Name>(name: N): Calls[N]["params"][] {
    return this.calls.filter((call) => call.name === name).map((call) => call.params as Calls[N]["params"]);
  }

  async call<N extends Name>(name: N, params: Calls[N]["params"]): Promise<Calls[N]["answer"]> {
    this.calls.push({ name, params });
    const answer = this.answers[name];
    if (answer === undefined) throw failure(`the fake has no answer for ${name}`);
    return this.make<N>(answer, params);
  }

  private async make<N extends Name>(
    answer: unknown,
    params: Calls[N]["params"],
  ): Promise<Calls[N]["answer"]> {
    if (typeof answer === "function") return answer(params) as Calls[N]["answer"];
    // Cloned, as through the shell: a window cannot modify the next response.
    return structuredClone(answer) as Calls[N]["answer"];
  }

  async desktop(): Promise<Desktop> {
    return { ...this.state };
  }
  async hide(): Promise<void> {
    this.calls.push({ name: "hide", params: null });
  }
  async showSettings(view?: string): Promise<void> {
    this.calls.push({ name: "showSettings", params: view ?? null });
  }
  async showLauncher(item?: string): Promise<void> {
    this.calls.push({ name: "showLauncher", params: item ?? null });
  }
  async openLink(url: string): Promise<void> {
    this.calls.push({ name: "openLink", params: url });
  }
  async setHotkey(keys: string): Promise<Hotkey> {
    this.calls.push({ name: "setHotkey", params: keys });
    this.emitDesktop({ hotkey: { ...this.state.hotkey, keys } });
    return this.state.hotkey;
  }
  async setAutostart(on: boolean): Promise<void> {
    this.calls.push({ name: "setAutostart", params: on });
    this.emitDesktop({ autostart: on });
  }
  async playground(on: boolean): Promise<void> {
    this.calls.push({ name: "playground", params: on });
    this.emitDesktop({ playground: on, first_run: false });
  }
  async testNotification(): Promise<void> {}
  async quit(): Promise<void> {
    this.calls.push({ name: "quit", params: null });
  }

  onShown(listener: (shown: Shown) => void): () => void {
    this.listeners.shown.add(listener);
    return () => this.listeners.shown.delete(listener);
  }
  onDesktop(listener: (desktop: Desktop) => void): () => void {
    this.listeners.desktop.add(listener);
    return () => this.listeners.desktop.delete(listener);
  }
  onChanged(listener: () => void): () => void {
    this.listeners.changed.add(listener);
    return () => this.listeners.changed.delete(listener);
  }

  /** Notifies the window that it is shown, as the shell does. */
  emitShown(shown: Partial<Shown> = {}): void {
    for (const listener of this.listeners.shown) listener({ item: null, line: null, view: null, ...shown });
  }
  /** Notifies the window that the desktop's state changed, as the shell does. */
  emitDesktop(change: Partial<Desktop>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners.desktop) listener({ ...this.state });
  }
  /** Notifies the window that the store changed, as the shell does. */
  emitChanged(): void {
    for (const listener of this.listeners.changed) listener();
  }
}
