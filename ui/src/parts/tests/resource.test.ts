/** A value whose answer may be late, superseded or a failure. */

import { expect, test, vi } from "vitest";

import { Resource } from "../resource.svelte";

function held<Value>() {
  const answers: { answer: (value: Value) => void; fail: (why: string) => void }[] = [];
  const ask = () => new Promise<Value>((answer, fail) => answers.push({ answer, fail }));
  return { answers, ask };
}

test("a burst of changes makes two requests: the pending one, and one after it", async () => {
  const { answers, ask } = held<number>();
  const reading = new Resource(ask);
  const all = [reading.read(), reading.read(), reading.read()];
  expect(answers).toHaveLength(1);
  answers[0]?.answer(1);
  await Promise.resolve();
  await Promise.resolve();
  expect(answers).toHaveLength(2);
  answers[1]?.answer(2);
  await Promise.all(all);
  expect(reading.value).toBe(2);
  reading.end();
});

test("an older response that arrives later is not taken", async () => {
  const { answers, ask } = held<string>();
  const reading = new Resource(ask);
  const old = reading.force();
  const now = reading.force();
  answers[1]?.answer("newer");
  await now;
  answers[0]?.answer("older");
  await old;
  expect(reading.value).toBe("newer");
  reading.end();
});

test("the last value stays when reading fails, and the failure goes with the next response", async () => {
  const { answers, ask } = held<string>();
  const reading = new Resource(ask);
  reading.take("before");
  const failed = reading.force();
  answers[0]?.fail("no");
  await failed;
  expect([reading.value, reading.failure?.message]).toEqual(["before", "no"]);
  const well = reading.force();
  answers[1]?.answer("after");
  await well;
  expect([reading.value, reading.failure]).toEqual(["after", null]);
});

test("a failure that arrives after a newer request is not shown", async () => {
  const { answers, ask } = held<string>();
  const reading = new Resource(ask);
  const old = reading.force();
  const now = reading.force();
  answers[0]?.fail("no");
  await old;
  expect([reading.failure, reading.pending]).toEqual([null, 2]);
  answers[1]?.answer("newer");
  await now;
  expect([reading.value, reading.failure, reading.pending]).toEqual(["newer", null, 0]);
});

test.each(["end", "clear"] as const)("after its %s no answer is taken", async (how) => {
  const { answers, ask } = held<string>();
  const taken = vi.fn();
  const reading = new Resource(ask, taken);
  reading.take("before");
  const late = reading.force();
  reading[how]();
  answers[0]?.answer("late");
  await late;
  expect([reading.value, reading.pending]).toEqual([how === "end" ? "before" : undefined, 0]);
  expect(taken).not.toHaveBeenCalled();
});

test("what follows from a value is done with it, and once", async () => {
  const { answers, ask } = held<string>();
  const taken = vi.fn();
  const reading = new Resource(ask, taken);
  const all = [reading.force(), reading.force()];
  answers[1]?.answer("newer");
  answers[0]?.answer("older");
  await Promise.all(all);
  expect(taken.mock.calls).toEqual([["newer"]]);
});
