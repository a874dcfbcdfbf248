import { VirtualClock } from "../../base/index.ts";
import { describeStore } from "../conformance/index.ts";
import { createMemoryStore } from "./memory-store.ts";

describeStore({
  name: "memory",
  ttlSlackMs: 100,
  inOrder: true,
  modelSteps: 3000,
  async open(limits) {
    const clock = new VirtualClock();
    const store = createMemoryStore({ clock, ...limits });
    const pass = (durationMs: number) => clock.advance(durationMs);
    return { store, elapsed: () => clock.monotonic(), pass, dispose: () => store.close() };
  },
});
