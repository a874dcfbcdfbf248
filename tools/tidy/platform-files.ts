import type { Power } from "./banned-calls.ts";

/** The files that may touch the machine, each with what it may do. */
export const platformFiles: Readonly<Record<string, { readonly powers: readonly Power[]; readonly reason: string }>> = {
  "src/base/real/clock.ts": { powers: ["time", "timers"], reason: "the real clock" },
  "src/base/real/random.ts": { powers: ["randomness"], reason: "the real randomness" },
  "src/base/real/network.ts": {
    powers: ["network", "timers"],
    reason: "the real network; the limits are on system calls",
  },
  "src/base/real/disk.ts": { powers: ["files"], reason: "the real disk" },
  "src/base/real/watch.ts": { powers: ["files", "timers"], reason: "file watches of the real disk" },
  "src/base/real/processes.ts": { powers: ["files", "processes", "timers"], reason: "the real child processes" },
  "src/base/real/young-heap.ts": { powers: ["timers"], reason: "lets V8's heap grow again once a program has started" },
  "src/base/virtual/clock.ts": { powers: ["timers"], reason: "lets the event loop turn once between virtual timers" },
  "bin/k8ts.ts": { powers: ["files"], reason: "sees which rooms are there before it imports one" },
  "src/component/serving/diagnostics-server.ts": { powers: ["network"], reason: "HTTP over sockets of the Network" },
  "src/apiserver/http/http2.ts": { powers: ["network"], reason: "HTTP/2 of the API server" },
  "src/apiserver/http/turns.ts": {
    powers: ["timers"],
    reason: "handles together what came in one turn of the event loop",
  },
  "src/apiserver/http/server.ts": {
    powers: ["network", "timers"],
    reason: "HTTP of the API server; cuts what is still open some time after closing",
  },
  "src/client/http/http2-pool.ts": { powers: ["network"], reason: "HTTP/2 of the client" },
  "src/client/http/node-transport.ts": { powers: ["network"], reason: "HTTP/1.1 and TLS of the client" },
  "src/apiserver/streaming/kubelet-connection.ts": { powers: ["network"], reason: "HTTPS to kubelets" },
  "src/apiserver/aggregation/connections.ts": { powers: ["network"], reason: "HTTPS to extension servers" },
  "src/kubelet/probes/http-probe.ts": { powers: ["network"], reason: "HTTP over sockets of the Network" },
  "src/kubelet/server/server.ts": { powers: ["network"], reason: "HTTPS of the kubelet, over sockets of the Network" },
  "src/storage/sqlite/database-file.ts": { powers: ["files"], reason: "the database file, beside SQLite's own calls" },
  "src/storage/sqlite/journal.ts": { powers: ["timers"], reason: "sends commits once per turn of the event loop" },
  "src/storage/sqlite/worker.ts": {
    powers: ["files", "timers"],
    reason: "runs in a worker thread, where nothing can be passed in",
  },
  "src/storage/etcd/connection.ts": { powers: ["network"], reason: "TLS of the gRPC channels to etcd" },
  "src/storage/sqlite/test-directory.ts": { powers: ["files"], reason: "for tests" },
  "src/storage/sqlite/crash/writer.ts": { powers: ["files"], reason: "the process that a test kills" },
};
