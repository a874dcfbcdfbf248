export { down } from "./commands/down.ts";
export { image } from "./commands/image.ts";
export { logs } from "./commands/logs.ts";
export { status } from "./commands/status.ts";
export { up } from "./commands/up.ts";
export { controlPlane } from "./compose/control-plane.ts";
export { node } from "./compose/node.ts";
export { supervisor } from "./supervisor/supervisor.ts";
