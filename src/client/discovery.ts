import type { APIResourceList } from "../apimachinery/index.ts";
import { messageOf } from "../base/index.ts";
import type { Client } from "./contract.ts";
import { statusErrorOf } from "./http/status.ts";

/** What a server says about one resource. */
export interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly string[];
  /** Of the group's preferred version. */
  readonly preferred: boolean;
}

export interface Discovery {
  readonly resources: readonly DiscoveredResource[];
  /** Group versions (`group/version`) that did not answer, with why. Usually an aggregated server that is down. */
  readonly failures: ReadonlyMap<string, string>;
}

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

interface AggregatedResource {
  readonly resource: string;
  readonly responseKind?: { readonly group?: string; readonly version?: string; readonly kind?: string };
  readonly scope: string;
  readonly singularResource?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string }[];
}

interface AggregatedList {
  readonly kind?: string;
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly AggregatedResource[];
      readonly freshness?: string;
    }[];
  }[];
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly preferred: boolean;
}

/** Everything that a server serves: two requests with aggregated discovery, one for each group version without. */
export async function discover(client: Client, signal?: AbortSignal): Promise<Discovery> {
  const failures = new Map<string, string>();
  const found: DiscoveredResource[] = [];
  for (const path of ["/api", "/apis"]) {
    const answer = await getJson(client, path, `${aggregatedType},application/json`, signal);
    if (isAggregated(answer)) found.push(...fromAggregated(answer, failures));
    else found.push(...(await fromGroups(client, groupVersionsOf(path, answer), failures, signal)));
  }
  return { resources: found, failures };
}

/** The resources of one group version, as `/apis/<group>/<version>` lists them. */
export async function discoverGroupVersion(
  client: Client,
  group: string,
  version: string,
  signal?: AbortSignal,
): Promise<DiscoveredResource[]> {
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const list = (await getJson(client, path, "application/json", signal)) as APIResourceList;
  return fromResourceList({ group, version, preferred: true }, list);
}

async function getJson(
  client: Client,
  path: string,
  accept: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const response = await client.raw({
    method: "GET",
    path,
    headers: { accept },
    ...(signal === undefined ? {} : { signal }),
  });
  if (response.status !== 200) throw statusErrorOf(response.status, response.body, response.headers);
  return JSON.parse(new TextDecoder().decode(response.body));
}

function isAggregated(answer: unknown): answer is AggregatedList {
  return typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "APIGroupDiscoveryList";
}

function fromAggregated(list: AggregatedList, failures: Map<string, string>): DiscoveredResource[] {
  return (list.items ?? []).flatMap(({ metadata, versions = [] }) => {
    const group = metadata?.name ?? "";
    return versions.flatMap(({ version, resources = [], freshness }, index) => {
      if (freshness === "Stale") failures.set(`${group}/${version}`, "stale GroupVersion discovery");
      return resources.map(
        (one): DiscoveredResource => ({
          group,
          version,
          resource: one.resource,
          kind: one.responseKind?.kind ?? "",
          singular: one.singularResource ?? "",
          namespaced: one.scope === "Namespaced",
          verbs: one.verbs ?? [],
          shortNames: one.shortNames ?? [],
          categories: one.categories ?? [],
          subresources: (one.subresources ?? []).map(({ subresource }) => subresource),
          preferred: index === 0,
        }),
      );
    });
  });
}

function groupVersionsOf(path: string, answer: unknown): GroupVersion[] {
  if (path === "/api") {
    const { versions = [] } = answer as { versions?: readonly string[] };
    return versions.map((version, index) => ({ group: "", version, preferred: index === 0 }));
  }
  const { groups = [] } = answer as {
    groups?: readonly {
      name: string;
      versions: readonly { version: string }[];
      preferredVersion?: { version: string };
    }[];
  };
  return groups.flatMap(({ name, versions, preferredVersion }) =>
    versions.map(({ version }) => ({ group: name, version, preferred: version === preferredVersion?.version })),
  );
}

async function fromGroups(
  client: Client,
  versions: readonly GroupVersion[],
  failures: Map<string, string>,
  signal: AbortSignal | undefined,
): Promise<DiscoveredResource[]> {
  const lists = await Promise.all(
    versions.map(async (of) => {
      const path = of.group === "" ? `/api/${of.version}` : `/apis/${of.group}/${of.version}`;
      try {
        return fromResourceList(of, (await getJson(client, path, "application/json", signal)) as APIResourceList);
      } catch (error) {
        failures.set(`${of.group}/${of.version}`, messageOf(error));
        return [];
      }
    }),
  );
  return lists.flat();
}

function fromResourceList(of: GroupVersion, list: APIResourceList): DiscoveredResource[] {
  const all = list.resources ?? [];
  const subresourcesOf = (name: string): string[] =>
    all.filter((one) => one.name.startsWith(`${name}/`)).map((one) => one.name.slice(name.length + 1));
  return all
    .filter((one) => !one.name.includes("/"))
    .map((one) => ({
      group: of.group,
      version: of.version,
      resource: one.name,
      kind: one.kind,
      singular: one.singularName ?? "",
      namespaced: one.namespaced,
      verbs: one.verbs ?? [],
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      subresources: subresourcesOf(one.name),
      preferred: of.preferred,
    }));
}

/** One version for each resource: that of the preferred version where it is there, else the first that has it. */
export function preferredResources(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const chosen = new Map<string, DiscoveredResource>();
  for (const one of resources) {
    const name = `${one.group}/${one.resource}`;
    const current = chosen.get(name);
    if (current === undefined || (one.preferred && !current.preferred)) chosen.set(name, one);
  }
  return [...chosen.values()];
}
