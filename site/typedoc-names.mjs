// TypeDoc names modules by their files; here they are called as an app imports them.
export function load(app) {
  app.converter.on("resolveBegin", ({ project }) => {
    for (const module of project.children ?? []) {
      if (module.kind !== MODULE) continue;
      const name = module.name.replace(/(^|\/)index$/, "");
      module.name = name === "" ? "pairvoice" : `pairvoice/${name}`;
    }
  });
}

/** `ReflectionKind.Module` of TypeDoc. */
const MODULE = 2;
