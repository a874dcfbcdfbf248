import { type Counter, exponentialBuckets, type Histogram, type MetricsRegistry } from "../../component/index.ts";
import type { AccessObserver } from "../handlers/pipeline.ts";
import type { UserInfo } from "../request/contract.ts";

/** Upstream names these few and counts all others together, so that series stay few. */
const namedUsers: ReadonlySet<string> = new Set([
  "admin",
  "client",
  "kube_proxy",
  "kubelet",
  "system:serviceaccount:kube-system:default",
]);

/** `authentication_*`, `authenticated_user_requests` and `authorization_*`. */
export function accessMetrics(registry: MetricsRegistry): AccessObserver {
  const buckets = exponentialBuckets(0.001, 2, 15);
  const attempts = registry.counters({
    name: "authentication_attempts",
    help: "Authentications by their result.",
    labels: ["result"],
  });
  const took = registry.histograms({
    name: "authentication_duration_seconds",
    help: "How long authentication takes.",
    labels: ["result"],
    buckets,
  });
  const users = registry.counters({
    name: "authenticated_user_requests",
    help: "Authenticated requests by user.",
    labels: ["username"],
  });
  const decided = registry.counters({
    name: "authorization_attempts_total",
    help: "Authorizations by their result.",
    labels: ["result"],
  });
  const decidedIn = registry.histograms({
    name: "authorization_duration_seconds",
    help: "How long authorization takes.",
    labels: ["result"],
    buckets,
  });
  const series = (counter: Counter, histogram: Histogram) => ({ counter, histogram });
  const success = series(attempts.with("success"), took.with("success"));
  const failure = series(attempts.with("failure"), took.with("failure"));
  const decisions = {
    allowed: series(decided.with("allowed"), decidedIn.with("allowed")),
    denied: series(decided.with("denied"), decidedIn.with("denied")),
    "no-opinion": series(decided.with("no-opinion"), decidedIn.with("no-opinion")),
  };
  const other = users.with("other");
  return {
    authenticated(user, tookMs) {
      const { counter, histogram } = user === undefined ? failure : success;
      counter.increment();
      histogram.observe(tookMs / 1000);
      if (user !== undefined) userSeries(user).increment();
    },
    authorized(decision, tookMs) {
      const { counter, histogram } = decisions[decision];
      counter.increment();
      histogram.observe(tookMs / 1000);
    },
  };

  function userSeries({ name }: UserInfo): Counter {
    if (namedUsers.has(name)) return users.with(name);
    return name.includes("@") ? users.with("email_id") : other;
  }
}
