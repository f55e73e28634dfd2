// Which module may import which: packages point at core, and inside core lower layers never import upper ones.

/** The layers of core, from low to high; a file of core belongs to exactly one of them. */
const layers = [
  "(shape|errors|dtype|domain|notation|arithmetic|format)\\.ts$",
  "expression\\.ts$",
  "kernels/",
  "systems/",
  "loop/",
  "recording\\.ts$",
  "tensor\\.ts$",
  "(create|struct)\\.ts$",
  "op\\.ts$",
  "define/",
  "ops/",
  "random/",
  "(close|listing|graph|sweep|evaluate|defineOp)\\.ts$",
  "transforms/",
  "control/",
  "(methods|functions|engine|index)\\.ts$",
].map((files) => `^packages/core/src/${files}`);

/** Imports of values: a type may be imported from anywhere, for it is gone at run time. */
const value = { dependencyTypesNot: ["type-only"] };

const upward = layers.slice(0, -1).map((path, level) => ({
  name: `core-layers-${level}`,
  comment: "A lower layer of core must not know an upper one: that is what lets a reader understand the files in order.",
  severity: "error",
  from: { path },
  to: { ...value, path: layers.slice(level + 1) },
}));

export default {
  forbidden: [
    ...upward,
    {
      name: "core-file-has-layer",
      comment: "Every file of core belongs to a layer, else no rule guards it: list it in .dependency-cruiser.js.",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: layers },
      to: {},
    },
    {
      name: "kernels-are-private",
      comment:
        "Kernels are loops over typed arrays; only the op kinds, the ops and what evaluates programs know when their preconditions hold.",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: "^packages/core/src/(kernels/|systems/|loop/|define/|ops/|op\\.ts$)" },
      to: { ...value, path: "^packages/core/src/kernels/" },
    },
    {
      name: "core-has-no-dependencies",
      comment: "Whoever installs core installs nothing else.",
      severity: "error",
      from: { path: "^packages/core/src/" },
      to: { pathNot: "^packages/core/src/" },
    },
    {
      name: "packages-import-only-core",
      comment: "print, check, compile and optim are independent of each other; what two of them need belongs in core.",
      severity: "error",
      from: { path: "^packages/(print|check|compile|optim)/src/" },
      to: { path: "^packages/", pathNot: ["^packages/$1/src/", "^packages/core/src/"] },
    },
    {
      name: "methods-are-a-choice",
      comment: "Core's main entry installs every op as a method, so only the program that wants methods may import it, even for its types.",
      severity: "error",
      from: { path: "^packages/(compile|optim)/src/" },
      to: { path: "^packages/core/src/(index|methods)\\.ts$" },
    },
    {
      name: "no-deep-imports",
      comment:
        "A package is known by its entry points alone, so that its files can move; generators write into packages and may look inside.",
      severity: "error",
      from: { path: "^(packages/[^/]+|examples/[^/]+|test)/", pathNot: "^packages/[^/]+/scripts/" },
      to: { path: "^packages/", pathNot: ["^$1/", "^packages/[^/]+/src/(index|functions|engine)\\.ts$"] },
    },
    {
      name: "runs-in-browsers",
      comment: "The packages run in browsers, where Node's modules are absent.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "no-cycles",
      comment:
        "Modules that import each other have no order to read or to initialise them in; only ops may, whose rules name each other lazily.",
      severity: "error",
      from: { path: "^packages/", pathNot: "^packages/core/src/ops/" },
      to: { circular: true, viaOnly: value },
    },
    {
      name: "no-unresolved",
      comment: "An import that leads nowhere hides from every other rule.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // What the bench compares with is installed by the bench alone.
    exclude: { path: "(^|/)dist/|^packages/bench/(peers|output)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: "specify",
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@cotangent/source", "types", "node", "import", "default"],
    },
  },
};
