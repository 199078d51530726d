/** The "?" sheet, which typing filters. */

import type { View } from "./view";

export class KeyList implements View {
  readonly at = "keys";
  filter = $state("");

  leave(): boolean {
    if (this.filter === "") return true;
    this.filter = "";
    return false;
  }
}
