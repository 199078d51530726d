/** Effects of named values. */

import { untrack } from "svelte";

/**
 * Runs an effect at first, and again when a value that `read` returns has changed; what the effect itself reads does not
 * count. The build leaves out a property that is read for nothing, as in `void settings.changes`: it is to be a result.
 */
export function watch(read: () => unknown, effect: () => void): void {
  $effect(() => {
    read();
    untrack(effect);
  });
}
