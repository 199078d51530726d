import { cleanup, configure } from "@testing-library/svelte";
import { afterEach } from "vitest";

// What is waited for comes at once, unless the machine is busy with something else.
configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);
// Nothing that was typed in one test is brought back in another.
afterEach(() => localStorage.clear());
