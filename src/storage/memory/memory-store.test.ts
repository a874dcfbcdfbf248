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
    return { store, pass: (durationMs) => clock.advance(durationMs), dispose: () => store.close() };
  },
});
