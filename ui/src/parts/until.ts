/** Ends of what lasts for a while: do not disturb. */

export type Until = (now: Date) => Date;

export const inMinutes =
  (count: number): Until =>
  (now) =>
    new Date(now.getTime() + count * 60_000);

/** Eight in the morning, whatever the clocks do in the night. */
export const tomorrow: Until = (now) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8);
