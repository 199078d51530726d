/** What each key does on the lazily loaded levels. */

import type { CommandForm } from "./command-form.svelte";
import type { Act } from "./keys";
import type { Launcher } from "./launcher.svelte";
import type { Level } from "./levels";
import { moveSelection } from "./move";
import type { PostForm } from "./post-form.svelte";
import { readOn, scroll } from "./read-on";
import type { Rooms } from "./rooms.svelte";
import type { RunStream } from "./run-stream.svelte";

/** Does what a key does on that level, or scrolls what is read there. False if it does nothing. */
export function onLevel(launcher: Launcher, act: Act, level: Level): boolean {
  return onState(launcher, act, level) || scroll(act);
}

function onState(launcher: Launcher, act: Act, level: Level): boolean {
  switch (level.at) {
    case "run":
      return onRun(launcher, act, level.run);
    case "fill":
      return onFill(launcher, act, level.form);
    case "rooms":
      return onRooms(launcher, act, level.rooms);
    case "send":
      return onSend(act, level.sending);
  }
  return false;
}

/** Moves in a list beside a plan. Its pages are those of the plan, once there is one. */
function chooses(act: Act, form: CommandForm | PostForm): boolean {
  if (form.prepared && (act === "page-down" || act === "page-up")) return false;
  return moveSelection(act, ".list", form.choices.length, (by) => form.mark(by));
}

function onFill(launcher: Launcher, act: Act, form: CommandForm): boolean {
  if (chooses(act, form)) return true;
  switch (act) {
    case "complete":
    case "previous":
      if (form.confirming) return false;
      form.step(act === "complete" ? 1 : -1);
      return true;
    case "privately":
      form.makePrivate();
      return true;
    case "go":
    case "approve":
      // Enter never approves: approving has a key of its own. Enter still fills in missing arguments.
      if (form.deliberate && act === "go" && form.ready && form.next.do !== "take") return true;
      void form.enter().then((run) => void (run && launcher.follow(run)));
      return true;
  }
  return false;
}

function onRun(launcher: Launcher, act: Act, run: RunStream): boolean {
  switch (act) {
    case "stop":
      void run.stop();
      return true;
    case "post-now":
      void run.postNow();
      return true;
    case "open":
      void launcher.openLink(run.verdict.link ?? run.room.link);
      return true;
    case "go":
      if (!run.over) return false;
      run.end();
      void launcher.again(run.run);
      return true;
  }
  return false;
}

function onRooms(launcher: Launcher, act: Act, rooms: Rooms): boolean {
  const { place, places } = rooms;
  if (moveSelection(act, ".places", places.length, (by) => rooms.move(by))) return true;
  switch (act) {
    case "post-now":
      void rooms.retry();
      return true;
    case "stop":
      void rooms.stop();
      return true;
    case "go":
      if (place?.at === "run") void launcher.follow(place.run);
      return true;
  }
  return false;
}

function onSend(act: Act, sending: PostForm): boolean {
  if (chooses(act, sending)) return true;
  switch (act) {
    case "post-now":
      void sending.retry();
      return true;
    case "go":
      if (!sending.ready || readOn()) void sending.post();
      return true;
  }
  return false;
}
