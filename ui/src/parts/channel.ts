/** Channels by their addresses: `chat:#deploys` of an account, `room:general` of the built-in chat. */

/** A channel's short name: "chat:#deploys" is "deploys". */
export function channelName(address: string): string {
  return address.slice(address.indexOf(":") + 1).replace(/^#/, "");
}

/** The account of a channel: two may have channels of the same name. */
export const accountOf = (address: string) =>
  isBuiltin(address) ? "built-in" : address.slice(0, Math.max(0, address.indexOf(":")));

/** True for a channel of the built-in chat, which is kept on this computer. */
export function isBuiltin(address: string): boolean {
  return address === "room" || address.startsWith("room:");
}

/** The icon of a channel, which differs for the built-in chat. */
export const channelIcon = (builtin: boolean) => (builtin ? "room" : "hash");
