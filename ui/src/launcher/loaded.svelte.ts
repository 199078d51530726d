/** The details that are loaded after the first frame, once they are. */

class Loaded {
  panes = $state.raw<typeof import("./panes") | null>(null);
}

export const loaded = new Loaded();
