/** What all views of the window share: where it is open, what was read, what is said, what Escape does next. */

import { createContext, tick, untrack } from "svelte";

import type { AccountInfo, Check, JsonValue, Settings } from "../api";
import type { Backend, Desktop, Theme } from "../desktop";
import { accountState } from "./accounts/health";
import { AsyncValue } from "./async-value.svelte";
import { Editing } from "./rules/editing.svelte";
import { placeOf, type Place, type ViewId } from "./views";

export const [useSettings, provideSettings] = createContext<SettingsWindow>();

/** Below this width one column is shown at a time; in rem, so that larger text counts. */
const NARROW = "(max-width: 43.74rem)";

export class SettingsWindow {
  place = $state.raw<Place>({ view: "accounts", item: null });
  /** Where there is room for one column only: which it is. */
  column = $state<"views" | "list" | "detail">("list");
  narrow = $state(false);
  desktop = $state.raw<Desktop | null>(null);
  theme = $state<Theme>("system");
  /** Counts the changes of the store. */
  changes = $state(0);
  /** The moment that ages are told from. */
  now = $state(Date.now());
  said = $state("");
  /** A person's own rules as they are edited. */
  readonly editing = new Editing();
  readonly settings: AsyncValue<Settings>;
  readonly accounts: AsyncValue<AccountInfo[]>;
  readonly checks: AsyncValue<Check[]>;
  #levels: (() => void)[] = [];
  #keys: Record<string, () => void>[] = [];

  constructor(readonly backend: Backend) {
    this.settings = new AsyncValue(() => backend.call("settings", {}));
    this.accounts = new AsyncValue(() => backend.call("accounts", {}));
    this.checks = new AsyncValue(() => backend.call("doctor", {}));
  }

  /** Follows the shell until the answer is called. */
  start(): () => void {
    const media = globalThis.matchMedia?.(NARROW);
    const fit = () => (this.narrow = media?.matches ?? false);
    fit();
    media?.addEventListener("change", fit);
    const tick = () => {
      if (!document.hidden) this.now = Date.now();
    };
    const clock = setInterval(tick, 15_000);
    document.addEventListener("visibilitychange", tick);
    const ends = [
      this.backend.onChanged(() => this.changed()),
      this.backend.onDesktop((desktop) => this.takeDesktop(desktop)),
      this.backend.onShown((shown) => this.open(shown.view)),
      () => clearInterval(clock),
      () => document.removeEventListener("visibilitychange", tick),
      () => media?.removeEventListener("change", fit),
      () => [this.settings, this.accounts, this.checks].forEach((reading) => reading.end()),
    ];
    void this.settings.read();
    void this.accounts.read();
    // What cannot be told of the desktop is told in its place; the views stand without it.
    this.backend.desktop().then(
      (desktop) => this.takeDesktop(desktop),
      () => {},
    );
    return () => ends.forEach((end) => end());
  }

  changed() {
    this.now = Date.now();
    this.changes += 1;
    void this.settings.read();
    void this.accounts.read();
  }

  takeDesktop(desktop: Desktop) {
    this.desktop = desktop;
    this.show(desktop.theme);
  }

  /** Draws in a theme at once. */
  show(theme: Theme) {
    this.theme = theme;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  open(asked: string | null) {
    this.now = Date.now();
    const place = placeOf(asked);
    if (place) this.go(place.view, place.item);
    // Who comes by keyboard begins at the view that is open, unless something of it has the focus.
    void tick().then(() => {
      if (document.activeElement === document.body) {
        document.querySelector<HTMLElement>(".side [aria-current]")?.focus();
      }
    });
  }

  go(view: ViewId, item: string | null = null) {
    this.place = { view, item };
    this.reveal(item === null ? "list" : "detail");
  }

  /** Shows a column. Where it is the only one, the focus goes into it: what had it is hidden. */
  reveal(column: "views" | "list" | "detail") {
    this.column = column;
    if (!this.narrow) return;
    void tick().then(() => {
      const inside = { views: ".side [aria-current]", list: ".list [tabindex='0']", detail: ".detail" }[
        column
      ];
      const to = document.querySelector<HTMLElement>(inside) ?? document.querySelector("main header button");
      if (to instanceof HTMLElement && document.activeElement === document.body) to.focus();
    });
  }

  /** The account that is in trouble; null where all are well. */
  get troubled(): string | null {
    const bad = (this.accounts.value ?? []).find((account) => accountState(account) !== "passing");
    return bad?.name ?? null;
  }

  /** Says something to who listens to the window. The same twice is said twice. */
  say(text: string) {
    this.said = untrack(() => this.said) === text ? `${text}\u00a0` : text;
  }

  /** One setting of the active configuration. */
  setting(...path: string[]): JsonValue | undefined {
    let value: JsonValue | undefined = this.settings.value?.settings;
    for (const step of path) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      value = value[step];
    }
    return value;
  }

  /** Writes one setting; the configuration that is active then is taken at once. */
  async configure(path: string[], value: JsonValue | null): Promise<void> {
    this.settings.take(await this.backend.call("configure", { path, value }));
  }

  /** What Escape does until the answer is called: the latest level first. */
  level(back: () => void): () => void {
    this.#levels.push(back);
    return () => (this.#levels = this.#levels.filter((level) => level !== back));
  }

  /** One level back. False where there is none, and the window is to go. */
  back(): boolean {
    const back = this.#levels.at(-1);
    if (back) {
      back();
      return true;
    }
    if (!this.narrow || this.column === "views") return false;
    this.reveal(this.column === "detail" ? "list" : "views");
    return true;
  }

  /** Keys of what is on the screen, until the answer is called. */
  keys(keys: Record<string, () => void>): () => void {
    this.#keys.push(keys);
    return () => (this.#keys = this.#keys.filter((known) => known !== keys));
  }

  /** What a press does: the latest to have asked for it. */
  act(pressed: string): (() => void) | undefined {
    const latest = [...this.#keys].reverse();
    return latest.find((keys) => pressed in keys)?.[pressed];
  }
}
