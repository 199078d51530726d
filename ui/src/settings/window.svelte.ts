/** The state shared by all views of the window: the open view, loaded values, announcements, and Escape's levels. */

import { createContext, tick, untrack } from "svelte";

import type { AccountInfo, Check, JsonValue, Settings } from "../api";
import type { Backend, Desktop, Theme } from "../desktop";
import { onNarrow } from "../parts/narrow";
import { showTheme } from "../parts/theme";
import { accountState } from "./accounts/health";
import { Resource } from "../parts/resource.svelte";
import { Editing } from "./rules/editing.svelte";
import { placeOf, type Place, type ViewId } from "./views";

export const [useSettings, provideSettings] = createContext<SettingsWindow>();

export class SettingsWindow {
  place = $state.raw<Place>({ view: "accounts", item: null });
  /** The column that is shown in a narrow window. */
  column = $state<"views" | "list" | "detail">("list");
  narrow = $state(false);
  desktop = $state.raw<Desktop | null>(null);
  theme = $state<Theme>("system");
  /** Counts the changes of the store. */
  changes = $state(0);
  /** The current time, for ages. */
  now = $state(Date.now());
  announcement = $state("");
  /** A person's own rules as they are edited. */
  readonly editing = new Editing();
  readonly settings: Resource<Settings>;
  readonly accounts: Resource<AccountInfo[]>;
  readonly checks: Resource<Check[]>;
  #levels: (() => void)[] = [];
  #keys: Record<string, () => void>[] = [];

  constructor(readonly backend: Backend) {
    this.settings = new Resource(() => backend.call("settings", {}));
    this.accounts = new Resource(() => backend.call("accounts", {}));
    this.checks = new Resource(() => backend.call("doctor", {}));
  }

  /** Subscribes to the shell. Returns the function that unsubscribes. */
  start(): () => void {
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
      onNarrow((narrow) => (this.narrow = narrow)),
      () => [this.settings, this.accounts, this.checks].forEach((reading) => reading.end()),
    ];
    void this.settings.read();
    void this.accounts.read();
    // The views work without the desktop's state; a failure is shown where the state would be.
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
    showTheme(theme);
  }

  open(target: string | null) {
    this.now = Date.now();
    const place = placeOf(target);
    if (place) this.go(place.view, place.item);
    // The keyboard focus begins at the open view in the side bar, unless an element already has it.
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

  /** Shows a column. In a narrow window the focus moves into it, because the focused element is hidden. */
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

  /** An account with a problem; null if there is none. */
  get failingAccount(): string | null {
    const bad = (this.accounts.value ?? []).find((account) => accountState(account) !== "passing");
    return bad?.name ?? null;
  }

  /** Announces a text to screen readers. The same text twice is announced twice. */
  announce(text: string) {
    this.announcement = untrack(() => this.announcement) === text ? `${text}\u00a0` : text;
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

  /** Writes one setting, and takes the configuration that is then active. */
  async configure(path: string[], value: JsonValue | null): Promise<void> {
    this.settings.take(await this.backend.call("configure", { path, value }));
  }

  /** Registers what Escape does; the latest level goes first. Returns the function that unregisters it. */
  level(back: () => void): () => void {
    this.#levels.push(back);
    return () => (this.#levels = this.#levels.filter((level) => level !== back));
  }

  /** Goes one level back. False if there is none: the window is then to be hidden. */
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

  /** Registers keys. Returns the function that unregisters them. */
  keys(keys: Record<string, () => void>): () => void {
    this.#keys.push(keys);
    return () => (this.#keys = this.#keys.filter((known) => known !== keys));
  }

  /** The handler of a press: the one that was registered last. */
  act(pressed: string): (() => void) | undefined {
    const latest = [...this.#keys].reverse();
    return latest.find((keys) => pressed in keys)?.[pressed];
  }
}
