import { type Container, type Job, type PodTemplateSpec, withServiceAccountAlias } from "../../../api/index.ts";

/**
 * The template that an update of a job must have: the old one, with what may change while a job is suspended from the
 * new one. Upstream: MutableSchedulingDirectivesForSuspendedJobs and MutablePodResourcesForSuspendedJobs, on since 1.36.
 */
export function expectedTemplate(old: Job, wanted: PodTemplateSpec): PodTemplateSpec {
  const template = withServiceAccountAlias(old.spec.template);
  return hasNoPods(old) ? withResources(withScheduling(template, wanted), wanted) : template;
}

/** Suspended before it started, or suspended since and rid of its pods. */
function hasNoPods({ spec, status = {} }: Job): boolean {
  if (spec.suspend !== true) return false;
  if (status.startTime === undefined) return true;
  const suspended = status.conditions?.some((one) => one.type === "Suspended" && one.status === "True") ?? false;
  return suspended && (status.active ?? 0) === 0;
}

const movable = ["nodeSelector", "tolerations", "schedulingGates"] as const;

/** The template with everything that says where its pods go from another. */
function withScheduling(template: PodTemplateSpec, from: PodTemplateSpec): PodTemplateSpec {
  const { affinity, ...rest } = template.spec ?? { containers: [] };
  for (const field of movable) delete rest[field];
  const wanted = from.spec ?? { containers: [] };
  const { nodeAffinity: _replaced, ...others } = affinity ?? {};
  const nodeAffinity = wanted.affinity?.nodeAffinity;
  const merged = { ...others, ...(nodeAffinity === undefined ? {} : { nodeAffinity }) };
  const spec = { ...rest, ...(Object.keys(merged).length === 0 ? {} : { affinity: merged }) };
  for (const field of movable) {
    if (wanted[field] !== undefined) Object.assign(spec, { [field]: wanted[field] });
  }
  const { labels, annotations } = from.metadata ?? {};
  const metadata = { ...template.metadata };
  delete metadata.labels;
  delete metadata.annotations;
  if (labels !== undefined) metadata.labels = labels;
  if (annotations !== undefined) metadata.annotations = annotations;
  return { metadata, spec };
}

/** The template with the requests and limits of another. */
function withResources(template: PodTemplateSpec, from: PodTemplateSpec): PodTemplateSpec {
  const { spec = { containers: [] } } = template;
  const { containers = [], initContainers } = spec;
  return {
    ...template,
    spec: {
      ...spec,
      containers: withRequests(containers, from.spec?.containers ?? []),
      ...(initContainers === undefined
        ? {}
        : { initContainers: withRequests(initContainers, from.spec?.initContainers ?? []) }),
    },
  };
}

function withRequests(list: readonly Container[], from: readonly Container[]): Container[] {
  return list.map((container, index) => {
    const { requests, limits } = from[index]?.resources ?? {};
    const { requests: _requests, limits: _limits, ...others } = container.resources ?? {};
    const resources = {
      ...others,
      ...(requests === undefined ? {} : { requests }),
      ...(limits === undefined ? {} : { limits }),
    };
    return container.resources === undefined && Object.keys(resources).length === 0
      ? container
      : { ...container, resources };
  });
}
