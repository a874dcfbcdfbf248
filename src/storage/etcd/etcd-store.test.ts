import { after, before, describe } from "node:test";
import { RealClock } from "../../base/index.ts";
import { type EtcdServer, skipEtcd, startEtcd } from "../../testing/index.ts";
import { describeStore } from "../conformance/index.ts";
import { connectEtcdStore } from "./connect.ts";

const clock = new RealClock();

describe("etcd", { skip: skipEtcd }, () => {
  let servers: EtcdServer[] = [];
  const endpoints = () => servers.map(({ endpoint }) => endpoint);

  before(async () => {
    servers = await startEtcd();
  });
  after(() => Promise.all(servers.map((server) => server.remove())));

  describeStore({
    name: "etcd",
    ttlSlackMs: 60_000,
    inOrder: false,
    modelSteps: 300,
    async open(limits) {
      const connect = () => connectEtcdStore({ clock, endpoints: endpoints(), ...limits });
      let store = await connect();
      return {
        get store() {
          return store;
        },
        elapsed: () => clock.monotonic(),
        pass: (durationMs) => clock.sleep(durationMs),
        async reopen() {
          await store.close();
          store = await connect();
          return store;
        },
        dispose: () => store.close(),
      };
    },
  });
});
