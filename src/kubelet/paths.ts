import type { Pod } from "./types.ts";
import { podName, podNamespace, podUid } from "./pods/names.ts";

/** Where the kubelet keeps things, laid out as upstream does under its root directory. */
export class Paths {
  readonly root: string;
  readonly podLogs: string;

  constructor(root: string, podLogs: string) {
    this.root = root;
    this.podLogs = podLogs;
  }

  get pods(): string {
    return `${this.root}/pods`;
  }

  get pluginsRegistry(): string {
    return `${this.root}/plugins_registry`;
  }

  /** One tmpfs for everything that must never reach a disk. */
  get volatile(): string {
    return `${this.root}/volatile`;
  }

  pod(uid: string): string {
    return `${this.pods}/${uid}`;
  }

  hostsFile(uid: string): string {
    return `${this.pod(uid)}/etc-hosts`;
  }

  container(uid: string, container: string): string {
    return `${this.pod(uid)}/containers/${container}`;
  }

  /** Plug-in names are written with `~`, for example `kubernetes.io~empty-dir`. */
  volume(uid: string, plugin: string, volume: string): string {
    return `${this.pod(uid)}/volumes/kubernetes.io~${plugin}/${volume}`;
  }

  logDirectory(pod: Pod): string {
    return `${this.podLogs}/${podNamespace(pod)}_${podName(pod)}_${podUid(pod)}`;
  }
}
