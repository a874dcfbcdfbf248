import { type coreV1, type eventsV1, internalFormOf } from "../../../api/index.ts";
import {
  ageText,
  type FieldError,
  fieldPath,
  invalid,
  isDns1123Subdomain,
  isQualifiedName,
  required,
  semanticEqual,
  fieldImmutableError,
} from "../../../apimachinery/index.ts";
import { addMessages, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { type Column, defineTable, text, wide } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type CoreEvent = coreV1.Event;
type Event = eventsV1.Event;

/** How long events are kept: `--event-ttl`. */
const keptSeconds = 3600;
const shortMax = 128;
const noteMax = 1024;
const aboutFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] as const;

/** The fields of both versions, by the names of `events.k8s.io`. */
function modern(event: CoreEvent): Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...same } = event;
  return {
    ...same,
    eventTime: event.eventTime ?? "",
    regarding: involvedObject,
    ...(message === undefined ? {} : { note: message }),
    ...(source === undefined ? {} : { deprecatedSource: source }),
    ...(firstTimestamp === undefined ? {} : { deprecatedFirstTimestamp: firstTimestamp }),
    ...(lastTimestamp === undefined ? {} : { deprecatedLastTimestamp: lastTimestamp }),
    ...(count === undefined ? {} : { deprecatedCount: count }),
    ...(reportingComponent === undefined ? {} : { reportingController: reportingComponent }),
  } as Event;
}

/** Events are stored in the core form; what is selected is read from there. */
function eitherForm(event: Event | CoreEvent): Event {
  return "involvedObject" in event ? modern(event) : event;
}

export const coreEventStrategy: Strategy<CoreEvent> = {
  validate: (event) => collect((errors) => checkCommon(modern(event), "reportingComponent", errors)),
  validateUpdate: (event) => collect((errors) => checkCommon(modern(event), "reportingComponent", errors)),
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  ttlSeconds: () => keptSeconds,
  selectableFields: selectable<CoreEvent>(modern, "involvedObject", "reportingComponent", true),
  table: eventTable<CoreEvent>(modern),
};

export const eventStrategy: Strategy<Event> = {
  validate: (event) =>
    collect((errors) => {
      checkCommon(event, "reportingController", errors);
      checkStrict(event, errors);
    }),
  validateUpdate: checkStrictUpdate,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  ttlSeconds: () => keptSeconds,
  selectableFields: selectable<Event>(eitherForm, "regarding", "reportingController", false),
  table: eventTable<Event>((event) => event),
};

function isSet(time: string | null | undefined): boolean {
  return time !== undefined && time !== null && time !== "";
}

/** What both versions ask. Events with `eventTime` are of the newer kind and must say who reports. */
function checkCommon(event: Event, reporterField: string, errors: Errors): void {
  const { namespace = "" } = event.metadata;
  const about = event.regarding?.namespace ?? "";
  const newer = isSet(event.eventTime);
  const home = about === "" ? ["default", newer ? "kube-system" : ""] : newer ? [namespace] : [about];
  if (!home.includes(namespace)) {
    errors.push(invalid(fieldPath("involvedObject", "namespace"), about, "does not match event.namespace"));
  }
  if (newer) {
    const reporter = event.reportingController ?? "";
    if (reporter === "") errors.push(required(fieldPath(reporterField)));
    addMessages(isQualifiedName(reporter), reporter, fieldPath(reporterField), errors);
    checkShort(event.reportingInstance, "reportingInstance", errors);
    checkShort(event.action, "action", errors);
    checkShort(event.reason, "reason", errors);
    checkLength(event.note, "message", noteMax, errors);
  }
  addMessages(isDns1123Subdomain(namespace), namespace, fieldPath("namespace"), errors);
}

function checkShort(value: string | undefined, field: string, errors: Errors): void {
  if (value === undefined || value === "") errors.push(required(fieldPath(field)));
  checkLength(value, field, shortMax, errors);
}

function checkLength(value: string | undefined, field: string, most: number, errors: Errors): void {
  if (value === undefined || Buffer.byteLength(value) <= most) return;
  errors.push(invalid(fieldPath(field), "", `can have at most ${most} characters`));
}

function checkSeries({ series }: Event, errors: Errors): void {
  if (series === undefined) return;
  if ((series.count ?? 0) < 2) errors.push(invalid(fieldPath("series.count"), "", "should be at least 2"));
  if (!isSet(series.lastObservedTime)) errors.push(required(fieldPath("series.lastObservedTime")));
}

function checkStrict(event: Event, errors: Errors): void {
  checkSeries(event, errors);
  if (!isSet(event.eventTime)) errors.push(required(fieldPath("eventTime")));
  const { type = "", deprecatedSource: source } = event;
  if (type !== "Normal" && type !== "Warning") {
    errors.push(invalid(fieldPath("type"), "", `has invalid value: ${type}`));
  }
  const unset: readonly [string, boolean][] = [
    ["firstTimestamp", isSet(event.deprecatedFirstTimestamp)],
    ["lastTimestamp", isSet(event.deprecatedLastTimestamp)],
    ["count", (event.deprecatedCount ?? 0) !== 0],
    ["source", (source?.component ?? "") !== "" || (source?.host ?? "") !== ""],
  ];
  for (const [field, set] of unset) if (set) errors.push(invalid(fieldPath(field), "", "needs to be unset"));
}

/** By upstream's internal names. */
const immutable: readonly [keyof Event, string][] = [
  ["regarding", "involvedObject"],
  ["reason", "reason"],
  ["note", "message"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
  ["type", "type"],
  ["eventTime", "eventTime"],
  ["action", "action"],
  ["related", "related"],
  ["reportingController", "reportingController"],
  ["reportingInstance", "reportingInstance"],
];

const texts: ReadonlySet<keyof Event> = new Set([
  "reason",
  "note",
  "type",
  "action",
  "reportingController",
  "reportingInstance",
]);

const shownReference = internalFormOf("core/v1", "ObjectReference");
const shownFields: Readonly<Record<string, (value: unknown) => unknown>> = {
  regarding: shownReference,
  related: shownReference,
  deprecatedSource: internalFormOf("core/v1", "EventSource"),
};

function checkStrictUpdate(event: Event, old: Event): readonly FieldError[] {
  return collect((errors) => {
    checkCommon(event, "reportingController", errors);
    if (!semanticEqual(event.series, old.series)) checkSeries(event, errors);
    for (const [field, name] of immutable) {
      const unset = texts.has(field) ? "" : undefined;
      const [now = unset, before = unset] = [event[field], old[field]];
      // Named, since somebody related without a name is not nobody.
      if (semanticEqual({ [field]: now }, { [field]: before })) continue;
      errors.push(invalid(fieldPath(name), shownFields[field]?.(now) ?? now ?? null, fieldImmutableError));
    }
  });
}

function selectable<T>(
  read: (event: T) => Event,
  about: string,
  reporter: string,
  source: boolean,
): Readonly<Record<string, (event: T) => string>> {
  const fields: Record<string, (event: T) => string> = {
    reason: (event) => read(event).reason ?? "",
    type: (event) => read(event).type ?? "",
    [reporter]: (event) => read(event).reportingController ?? "",
  };
  for (const field of aboutFields) fields[`${about}.${field}`] = (event) => read(event).regarding?.[field] ?? "";
  if (source) {
    fields["source"] = (event) => {
      const { deprecatedSource, reportingController = "" } = read(event);
      return (deprecatedSource?.component ?? "") || reportingController;
    };
  }
  return fields;
}

function firstSeen(event: Event, nowMs: number): string {
  return ageText(
    isSet(event.deprecatedFirstTimestamp) ? event.deprecatedFirstTimestamp : event.eventTime || null,
    nowMs,
  );
}

function lastSeen(event: Event, nowMs: number): string {
  if (event.series !== undefined) return ageText(event.series.lastObservedTime, nowMs);
  const last = event.deprecatedLastTimestamp;
  return isSet(last) ? ageText(last, nowMs) : firstSeen(event, nowMs);
}

function eventTable<T extends CoreEvent | Event>(read: (event: T) => Event): NonNullable<Strategy<T>["table"]> {
  const column = (name: string, description: string, cell: (event: Event, nowMs: number) => string): Column<T> =>
    text(name, description, (event: T, nowMs) => cell(read(event), nowMs));
  return defineTable<T>([
    column("Last Seen", "The time since it happened last.", lastSeen),
    column("Type", "Whether it is normal or a warning.", ({ type = "" }) => type),
    column("Reason", "Why it happened, for programs.", ({ reason = "" }) => reason),
    column("Object", "What it is about.", ({ regarding = {} }) => {
      const kind = (regarding.kind ?? "").toLowerCase();
      return (regarding.name ?? "") === "" ? kind : `${kind}/${regarding.name}`;
    }),
    wide(column("Subobject", "Which part of the object.", ({ regarding }) => regarding?.fieldPath ?? "")),
    wide(column("Source", "Who reported it.", sourceText)),
    column("Message", "What happened, for people.", ({ note = "" }) => note.trim()),
    wide(column("First Seen", "The time since it happened first.", firstSeen)),
    wide({
      ...column("Count", "How often it happened.", () => ""),
      cell: (event: T) => {
        const { series, deprecatedCount = 0 } = read(event);
        return series?.count ?? (deprecatedCount === 0 ? 1 : deprecatedCount);
      },
    }),
    wide({ ...column("Name", "The name of the event.", ({ metadata }) => metadata.name ?? ""), format: "name" }),
  ]);
}

function sourceText({ deprecatedSource, reportingController = "", reportingInstance = "" }: Event): string {
  const component = (deprecatedSource?.component ?? "") || reportingController;
  const instance = (deprecatedSource?.host ?? "") || reportingInstance;
  return instance === "" ? component : `${component}, ${instance}`;
}
