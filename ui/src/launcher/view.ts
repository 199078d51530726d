/** What the window shows over the board: views on a stack, of which Esc leaves the top one. */

import type { Run } from "../api";
import type { Act } from "./keys";

/** What a view asks of the window around it. */
export interface Window {
  /** The text of the field beneath. */
  readonly finds: { readonly text: string };
  /** The view on top. */
  readonly top: View | null;
  /** Shows a view above. False if the same is there already. */
  push(view: View): boolean;
  follow(run: Run): Promise<void>;
  again(run: Run): Promise<void>;
  openLink(url: string | null): Promise<void>;
}

/** What a view does not have, it does not need. */
export interface View {
  readonly at: "item" | "approval" | "log" | "why" | "help" | "fill" | "run" | "rooms" | "send" | "keys";
  /** What it shows: the same again is not stacked on it. */
  readonly key?: string;
  /** The run that the keys of a run are for. */
  readonly run?: Run | null;
  /** The command that help is for. */
  readonly command?: string;
  /** Does what a key does here. False if it does nothing here. */
  act?(act: Act, window: Window): boolean;
  /** Call when the store changed: what is shown is read again. */
  changed?(): void;
  /** Shows a run that was begun from here, above this view or in it. False if a view of its own shows it. */
  takes?(run: Run): boolean;
  /** Goes a step back within the view, and returns false; true if the view itself is to be left. */
  leave?(window: Window): boolean;
  /** Ends what it still waits for: it is shown no more. */
  end?(): void;
}

/** True for views of an item: the keys of a row are for that item. */
export const isOfItem = (view: View) => isPage(view) || view.at === "log" || view.at === "why";

/** True for an item as a level of its own. */
export const isPage = (view: View | null) => view?.at === "item" || view?.at === "approval";

export const isSame = (a: View, b: View) => a.at === b.at && a.key === b.key;
