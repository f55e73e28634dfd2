// DOT and SVG: read by Graphviz itself, drawn by nothing here.
import { type Graph, grad, label, mul, record, sigmoid, type Tensor, tensor } from "@cotangent/core";
import { instance } from "@viz-js/viz";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DotOptions, dot, svg } from "../src/index.ts";
import { choice, logistic, network, recurrence } from "./models.ts";

interface Drawn {
  readonly _gvid: number;
  readonly name: string;
  readonly label?: string;
  readonly shape?: string;
  readonly penwidth?: string;
  readonly nodes?: readonly number[];
}

interface Edge {
  readonly tail: number;
  readonly head: number;
  readonly label?: string;
  readonly dir?: string;
  readonly style?: string;
}

const viz = await instance();

/** What Graphviz reads in the description. */
function read(graph: Graph, options?: DotOptions): { nodes: Drawn[]; clusters: Drawn[]; edges: Edge[]; lines: string[] } {
  const json = viz.renderJSON(dot(graph, options)) as { objects: Drawn[]; edges?: Edge[] };
  const nodes = json.objects.filter(({ name }) => !name.startsWith("cluster"));
  const edges = json.edges ?? [];
  const labelOf = (id: number): string => json.objects.find((one) => one._gvid === id)!.label!.replaceAll("\\n", " ");
  return {
    nodes,
    clusters: json.objects.filter(({ name }) => name.startsWith("cluster")),
    edges,
    lines: edges.map(({ tail, head, label = "" }) => `${labelOf(tail)} -> ${labelOf(head)}${label === "" ? "" : ` :${label}`}`.trimEnd()),
  };
}

const labels = (nodes: readonly Drawn[]): (string | undefined)[] => nodes.map((node) => node.label);

describe("dot", () => {
  test("has a node for every op with its equation, and edges with shapes", () => {
    const { nodes, lines } = read(logistic);
    expect(labels(nodes)).toEqual([
      "θ: float64[3]",
      "X: float64[4, 3]",
      "y: float64[4]",
      "a = X · θ",
      "h = sigmoid(a)",
      "b = log(h)",
      "c = y * b",
      "d = 1 - y",
      "f = 1 - h",
      "g = log(f)",
      "m = d * g",
      "n = c + m",
      "p = mean(n)",
      "J = -p",
    ]);
    expect(lines).toHaveLength(15);
    expect(lines).toContain("X: float64[4, 3] -> a = X · θ : [4, 3]");
    expect(lines).toContain("h = sigmoid(a) -> f = 1 - h : [4]");
    expect(nodes.filter(({ penwidth }) => penwidth !== undefined).map((node) => node.label)).toEqual(["J = -p"]);
  });

  test("tells kinds apart by shape", () => {
    const shapes = new Map(read(logistic).nodes.map((node) => [node.label, node.shape]));
    expect(shapes.get("θ: float64[3]")).toBe("ellipse");
    expect(shapes.get("a = X · θ")).toBe("hexagon");
    expect(shapes.get("h = sigmoid(a)")).toBe("box");
    expect(read(recurrence).nodes.find((node) => node.label?.includes("sum"))?.shape).toBe("invtrapezium");
    expect(read(choice).nodes.find((node) => node.label?.includes("cond"))?.shape).toBe("tab");
  });

  test("shows values and hides shapes", () => {
    const graph = record((x: Tensor) => x.mul(1 / 3), label(tensor([1, 2]), "x"));
    expect(labels(read(graph, { values: true, shapes: false }).nodes)).toEqual(["x\\n[1, 2]", "a = x * 0.3333\\n[0.3333, 0.6667]"]);
    expect(read(graph, { shapes: false }).lines).toEqual(["x -> a = x * 0.3333"]);
    expect(dot(graph, { direction: "right" })).toContain("rankdir=LR");
  });

  test("draws sub-graphs as clusters whose result feeds the node", () => {
    const { clusters, nodes, lines } = read(choice);
    expect(labels(clusters)).toEqual(["onTrue", "onFalse"]);
    const inside = clusters.map(({ nodes: ids }) => labels(nodes.filter(({ _gvid }) => ids!.includes(_gvid))));
    expect(inside).toEqual([
      ["c: float64[2]", "d = -c", "d"],
      ["f: float64[2]", "g = f²", "h = g * f", "h"],
    ]);
    expect(lines).toContain("h -> m = cond(onTrue, onFalse, b, x)");
  });

  test("draws the backward pass back to the inputs, and what it reads of the forward pass", () => {
    const graph = record((x: Tensor, y: Tensor) => label(sigmoid(mul(x, y)), "h"), label(tensor(1), "x"), label(tensor(2), "y"));
    const { edges, lines, nodes } = read(graph, { backward: true });
    const outputs = nodes.filter(({ penwidth }) => penwidth !== undefined);
    expect(labels(outputs)).toEqual(
      ["h = sigmoid(a)", "∂h/∂x = g * y", "∂h/∂y = g * x"].map((line) =>
        expect.stringMatching(
          line
            .replace(/= [a-z]/, "= .")
            .replace("*", "\\*")
            .replace("(a)", "\\(.\\)"),
        ),
      ),
    );
    const backward = edges.flatMap(({ dir }, i) => (dir === "back" ? [lines[i]!] : []));
    expect(backward.some((line) => line.startsWith("∂h/∂x"))).toBe(true);
    expect(edges.filter(({ style }) => style === "dashed").length).toBeGreaterThanOrEqual(3);
    expect(labels(read(graph, { backward: [1] }).nodes).filter((one) => one?.includes("∂"))).toHaveLength(1);
    expect(read(network, { backward: true }).nodes.length).toBeGreaterThan(20);
    expect(read(recurrence, { backward: true }).clusters).toHaveLength(2);
  });

  test("names a value beside a user far below it instead of drawing a long edge", () => {
    const steps = (count: number) =>
      record((x: Tensor) => Array.from({ length: count }).reduce<Tensor>((y) => y.mul(x).add(1), x), label(tensor(0.5), "x"));
    const references = (graph: Graph, options?: DotOptions): string[] =>
      read(graph, options).nodes.flatMap((node) => (node.shape === "plaintext" ? [node.label!] : []));
    expect(references(steps(5))).toEqual([]);
    expect(references(steps(10))).toEqual(["x", "x", "x", "x", "x"]);
    expect(references(steps(5), { backward: true })).toEqual([]);
    expect(references(steps(40), { backward: true }).length).toBeGreaterThan(70);
  });

  test("of an output that is no scalar goes back from a cotangent", () => {
    const graph = record((x: Tensor) => [x.square(), x.exp()], label(tensor([1, 2]), "x"));
    expect(labels(read(graph, { backward: true }).nodes).slice(0, 3)).toEqual(["x: float64[2]", "ḡ_1: float64[2]", "ḡ_2: float64[2]"]);
  });

  test("is read by Graphviz whatever the names are", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (name) => {
        const { nodes } = read(
          record((x: Tensor) => label(x.neg(), name), tensor(1)),
          { values: true },
        );
        expect(nodes).toHaveLength(2);
      }),
      { numRuns: 50 },
    );
  });

  test("refuses what it cannot draw", () => {
    expect(() => dot(logistic, { direction: "up" as never })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: dot: direction is wrong — "up"; give "down" or "right"]`,
    );
    expect(() => dot(logistic, { backward: [3] })).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: dot: backward is wrong — [3]; give true, false or positions among [0, 1, 2]]`,
    );
    expect(() => dot({} as never)).toThrowErrorMatchingInlineSnapshot(
      `[CotangentError: dot: not a graph — an empty object; give what record(f, ...args) or backward(graph) returns]`,
    );
  });
});

describe("svg", () => {
  test("is an element with the labels as text", async () => {
    const picture = await svg(record(grad(sigmoid), label(tensor(0.5), "x")), { values: true });
    expect(picture).toMatch(/^<svg [\s\S]*<\/svg>$/);
    const texts = [...picture.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
    expect(texts).toContain("a = sigmoid(x)");
    expect(texts).toContain("0.6225");
    expect(picture).not.toContain('Courier New"');
  });

  test("keeps the text inside its node: no line is wider than the node's own box", async () => {
    const picture = await svg(network, { values: true });
    const nodes = [...picture.matchAll(/<g id="node\d+" class="node">([\s\S]*?)<\/g>\n<\/g>/g)].map((match) => match[1]!);
    expect(nodes.length).toBeGreaterThan(10);
    for (const node of nodes) {
      const boundary = /<(?:polygon|path|ellipse)[^>]*>/.exec(node)![0];
      const ellipse = /cx="([-\d.]+)".* rx="([\d.]+)"/.exec(boundary);
      const xs = [...boundary.matchAll(/(-?[\d.]+),-?[\d.]+/g)].map((match) => Number(match[1]));
      const width = ellipse === null ? Math.max(...xs) - Math.min(...xs) : 2 * Number(ellipse[2]);
      for (const [, line] of node.matchAll(/<text[^>]*font-size="12.00"[^>]*>([^<]*)<\/text>/g)) {
        expect([...line!.replaceAll("&#45;", "-")].length * 12 * 0.6).toBeLessThan(width);
      }
    }
  });

  test("draws a large graph or says that it is too large, and then draws the next one", async () => {
    const large = record((x: Tensor) => Array.from({ length: 300 }).reduce<Tensor>((y) => y.mul(x).add(1).sin(), x), tensor(0.5));
    const drawn = await svg(large).catch(String);
    expect(drawn).toMatch(
      /^<svg|^CotangentError: svg: the graph is too large to lay out here — 900 nodes; give dot\(graph\) to an installed Graphviz/,
    );
    expect(await svg(choice)).toContain("cond");
  });
});
