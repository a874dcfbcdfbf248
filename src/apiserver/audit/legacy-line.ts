import type { AuditEvent } from "./contract.ts";

/** An event in one line of text: `--audit-log-format=legacy`. */
export function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus } = event;
  const fields = [
    ["id", quoted(event.auditID)],
    ["stage", quoted(event.stage)],
    ["ip", quoted(event.sourceIPs?.[0] ?? "<unknown>")],
    ["method", quoted(event.verb)],
    ["user", quoted(user.username ?? "<none>")],
    ["groups", user.username === undefined ? "<none>" : (list(user.groups) ?? "<none>")],
    ["as", quoted(impersonatedUser === undefined ? "<self>" : (impersonatedUser.username ?? ""))],
    ["asgroups", list(impersonatedUser?.groups) ?? "<lookup>"],
    ["user-agent", quoted(event.userAgent ?? "")],
    ["namespace", quoted(objectRef?.namespace ?? "<none>")],
    ["uri", quoted(event.requestURI)],
    ["response", `"${responseStatus?.code ?? "<deferred>"}"`],
  ];
  return `${event.requestReceivedTimestamp} AUDIT: ${fields.map(([name, value]) => `${name}=${value}`).join(" ")}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function list(values: readonly string[] | undefined): string | undefined {
  return values === undefined || values.length === 0 ? undefined : values.map(quoted).join(",");
}
