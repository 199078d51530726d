/** The arguments of a command, as its form has them. */

import type { ArgSpec, CommandInfo } from "../api";

/** An argument only if the line names an account, or has to because several could run the command. */
export const ACCOUNT: ArgSpec = {
  name: "account",
  summary: "the account that runs it",
  ty: "live",
  default: null,
  required: true,
};

export function withArgs(info: CommandInfo, args: ArgSpec[]): CommandInfo {
  return { ...info, spec: { ...info.spec, args } };
}

export function withAccount(info: CommandInfo): CommandInfo {
  return withArgs(info, [ACCOUNT, ...info.spec.args]);
}
