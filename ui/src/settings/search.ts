/** What is looked for in a list. */

/** Whether something that says this has every word of the text, in any case and order. */
export function looksFor(text: string): (said: string) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (said) => {
    const lower = said.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}
