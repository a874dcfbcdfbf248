// To be imported before anything else, or given to `node --import`. Node.js asks of every import in which package the
// file is and whether a link leads to it, which takes longer than compiling it. Here imports name files as they are, all
// of them modules in TypeScript: there is nothing to ask.
import { registerHooks } from "node:module";

const project = new URL("..", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL = "" } = context;
    const isPlain = specifier.startsWith(".") && specifier.endsWith(".ts") && parentURL.startsWith(project);
    if (!isPlain) return next(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: "module-typescript", shortCircuit: true };
  },
});
