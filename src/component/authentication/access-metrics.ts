import { type Counter, exponentialBuckets, type Histogram, type MetricsRegistry } from "../metrics/index.ts";
import type { UserInfo } from "./contract.ts";

/** Told how requests fare on their way in. */
export interface AccessObserver {
  authenticated(user: UserInfo | undefined, tookMs: number): void;
  authorized(decision: "allowed" | "denied" | "no-opinion", tookMs: number): void;
}

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

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const month = 30 * day;

/** `apiserver_client_certificate_expiration_seconds`. Told what is left of the certificate of each request. */
export function certificateExpirations(registry: MetricsRegistry): (leftMs: number) => void {
  const left = registry.histogram({
    name: "apiserver_client_certificate_expiration_seconds",
    help: "What is left of the lifetime of the certificates that requests are authenticated by.",
    buckets: [0, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour].concat(
      [1, 2, 4, 7].map((days) => days * day),
      [1, 3, 6, 12].map((months) => months * month),
    ),
  });
  return (leftMs) => left.observe(leftMs / 1000);
}
