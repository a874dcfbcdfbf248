import type { Clock } from "../../base/index.ts";
import { release } from "../version.ts";
import type { ZPage } from "./page.ts";

export interface StatuszFacts {
  /** As upstream calls it: `apiserver`, `kube-scheduler`, `kubelet`. */
  readonly component: string;
  readonly clock: Clock;
  /** What else is served, for those who look around. */
  readonly paths: readonly string[];
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `/statusz`: what runs, which version of it, since when. */
export function statuszPage({ component, clock, paths }: StatuszFacts): ZPage {
  const startedMs = Math.floor(clock.now() / 1000 - process.uptime()) * 1000;
  const upSeconds = () => Math.floor((clock.now() - startedMs) / 1000);
  const goVersion = `node${process.version}`;
  const listed = paths.toSorted();
  const { binaryVersion, emulationVersion } = release;
  return {
    kind: "Statusz",
    component,
    text: () =>
      [
        "",
        `Started: ${unixDate(new Date(startedMs))}`,
        `Up: ${durationText(upSeconds())}`,
        `Go version: ${goVersion}`,
        `Binary version: ${binaryVersion}`,
        `Emulation version: ${emulationVersion}`,
        `Paths: ${listed.join(" ")}`,
        "",
      ].join("\n"),
    fields: () => ({
      startTime: new Date(startedMs).toISOString().replace(/\.\d+Z$/, "Z"),
      uptimeSeconds: upSeconds(),
      goVersion,
      binaryVersion,
      emulationVersion,
      paths: listed,
    }),
  };
}

/** `Sat Nov 21 12:27:33 UTC 2026`, as `date` prints it. */
function unixDate(date: Date): string {
  const [day, month] = [days[date.getUTCDay()], months[date.getUTCMonth()]];
  const time = date.toISOString().slice(11, 19);
  return `${day} ${month} ${String(date.getUTCDate()).padStart(2)} ${time} UTC ${date.getUTCFullYear()}`;
}

function durationText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} hr ${two(minutes % 60)} min ${two(seconds % 60)} sec`;
}
