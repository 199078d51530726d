/** What each key does on the lazily loaded levels. */

import type { CommandForm } from "./command-form.svelte";
import type { Act } from "./keys";
import type { Launcher } from "./launcher.svelte";
import type { Level } from "./levels";
import type { PostForm } from "./post-form.svelte";
import { page, readOn, scroll } from "./read-on";
import type { Rooms } from "./rooms.svelte";
import type { RunStream } from "./run-stream.svelte";
import { moveFar } from "./window";

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

function onFill(launcher: Launcher, act: Act, form: CommandForm): boolean {
  switch (act) {
    case "down":
    case "up":
      form.mark(act === "down" ? 1 : -1);
      return true;
    case "first":
    case "last":
      return moveFar(act, ".list", form.choices.length, (by) => form.mark(by));
    case "complete":
    case "previous":
      if (form.confirming) return false;
      form.step(act === "complete" ? 1 : -1);
      return true;
    case "page-down":
    case "page-up":
      if (!form.prepared) return moveFar(act, ".list", form.choices.length, (by) => form.mark(by));
      return page(act === "page-down" ? 1 : -1);
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
  const { place } = rooms;
  switch (act) {
    case "down":
    case "up":
      rooms.move(act === "down" ? 1 : -1);
      return true;
    case "first":
    case "last":
    case "page-down":
    case "page-up":
      return moveFar(act, ".places", rooms.places.length, (by) => rooms.move(by));
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
  switch (act) {
    case "down":
    case "up":
      sending.mark(act === "down" ? 1 : -1);
      return true;
    case "first":
    case "last":
      return moveFar(act, ".list", sending.choices.length, (by) => sending.mark(by));
    case "page-down":
    case "page-up":
      if (!sending.prepared) return moveFar(act, ".list", sending.choices.length, (by) => sending.mark(by));
      return page(act === "page-down" ? 1 : -1);
    case "post-now":
      void sending.retry();
      return true;
    case "go":
      if (!sending.ready || readOn()) void sending.post();
      return true;
  }
  return false;
}
