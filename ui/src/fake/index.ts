/** The fake backend with a made-up team behind it. */

import type { Desktop } from "../desktop";
import { type Answers, FakeBackend } from "./backend";
import { team } from "./team";

export { failure, FakeBackend } from "./backend";
export type { Answer, Answers, Call, Held } from "./backend";
export { row, team } from "./team";

/** The team's responses, with overrides. */
export function fake(answers: Answers = {}, desktop: Partial<Desktop> = {}): FakeBackend {
  return new FakeBackend({ ...team(), ...answers }, desktop);
}
