/** For a field whose own Enter does something else, or nothing: Enter is for the button that names it. */
export const enters = (onenter: () => void) => (event: KeyboardEvent) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) onenter();
};
