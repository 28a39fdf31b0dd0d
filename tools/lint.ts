/**
 * Rules of this project for `deno lint`. What is published is loaded as it is written by runtimes that do not know `using` yet
 * (Node.js 20 and 22, Safari): there it would be a SyntaxError of the whole module.
 */
import config from "../deno.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const published = config.publish.include.map((path) => decodeURIComponent(new URL(path, root).pathname));

/** The plugin that `lint.plugins` of deno.json names. */
const plugin: Deno.lint.Plugin = {
  name: "evenkeel",
  rules: {
    "no-published-using": {
      create(context) {
        const path = context.filename.replaceAll("\\", "/");
        if (!published.some((part) => path.startsWith(part))) return {};
        return {
          VariableDeclaration(node) {
            if (node.kind !== "using" && node.kind !== "await using") return;
            context.report({
              node,
              message: `${node.kind} in published source is a SyntaxError in Node.js 20 and 22.`,
              hint: "End what is opened in `finally`.",
            });
          },
        };
      },
    },
  },
};

export default plugin;
