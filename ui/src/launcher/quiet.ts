/** For how long not to disturb. */

import { inMinutes, tomorrow, type Until } from "../parts/until";

export const QUIET: Record<string, Until> = {
  "For 30 minutes": inMinutes(30),
  "For 1 hour": inMinutes(60),
  "For 2 hours": inMinutes(120),
  "Until tomorrow at 8:00": tomorrow,
};

/** Until when that is. */
export function quietUntil(title: string, now: Date): string {
  return (QUIET[title] ?? tomorrow)(now).toISOString();
}
