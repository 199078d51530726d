/** For how long not to disturb. */

export const QUIET = ["For 30 minutes", "For 1 hour", "For 2 hours", "Until tomorrow at 8:00"];

const MINUTES: Record<string, number> = { "For 30 minutes": 30, "For 1 hour": 60, "For 2 hours": 120 };

/** Until when that is. */
export function quietUntil(title: string, now: Date): string {
  const minutes = MINUTES[title];
  if (minutes !== undefined) return new Date(now.getTime() + minutes * 60_000).toISOString();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8).toISOString();
}
