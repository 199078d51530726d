/** The text for stored entries that cannot be read: "3 events cannot be read. Diagnostics says what is damaged." */
export function unreadableText(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more} cannot be read. Diagnostics says what is damaged.`;
}
