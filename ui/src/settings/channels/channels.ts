/** Searching channels, and checking short names. */

import type { ChannelInfo } from "../../api";
import { isBuiltin } from "../../parts/channel";
import { looksFor } from "../search";

/** The headings of the kinds of channels, in the order of the list. */
const KINDS = ["In callboard.toml", "Built-in chat", "On the services"] as const;

function kindOf({ address, name, default: isDefault }: ChannelInfo): number {
  if (isBuiltin(address)) return 1;
  return name !== null || isDefault ? 0 : 2;
}

/** The channels with every word of the text in their name or address, by kind, else in their original order. */
export function found(channels: readonly ChannelInfo[], text: string): ChannelInfo[] {
  const fits = looksFor(text);
  return channels
    .filter(({ name, address }) => fits(`${name ?? ""} ${address}`))
    .sort((a, b) => kindOf(a) - kindOf(b) || Number(b.default) - Number(a.default));
}

/** A list entry's key: an address may be listed under several names. */
export const idOf = ({ name, address }: ChannelInfo) => `${name ?? ""}=${address}`;

/** A short name that fits an address: "chat:#web-builds" is "web-builds". */
export function shortName(address: string): string {
  const channel = address.slice(address.indexOf(":") + 1);
  return channel
    .replace(/^[#@]/, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** What is wrong with a short name; undefined if it may be valid. */
export function wrongName(name: string, channels: readonly ChannelInfo[]): string | undefined {
  const trimmed = name.trim();
  if (trimmed === "") return "This is needed";
  if (trimmed.includes(":")) return "A short name has no colon: that is an address";
  if (channels.some((channel) => channel.name === trimmed)) return `There is a channel "${trimmed}" already`;
  return undefined;
}

/** The heading over the first channel of its kind in the list. */
export function heading(channel: ChannelInfo, shown: readonly ChannelInfo[]): string | null {
  const kind = kindOf(channel);
  return shown.find((it) => kindOf(it) === kind) === channel ? (KINDS[kind] ?? null) : null;
}
