/** The theme that a window is drawn in. */

import type { Theme } from "../desktop";

export function showTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
