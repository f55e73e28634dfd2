// What the bench and its engines' processes say to each other: a line of JSON each way; arrays go through files of float64 numbers.

/** Where in the file an array begins, and its shape. */
export interface Place {
  readonly shape: readonly number[];
  readonly offset: number;
}

/** One argument: an array, or several by name. */
export type Tree = Place | { readonly [name: string]: Tree };

export const isPlace = (tree: Tree): tree is Place => typeof tree.offset === "number";

export interface LoadRequest {
  readonly workload: string;
  readonly problem: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly inputs: string;
  readonly trees: readonly Tree[];
  /** Where the results of the first call go, one after another. */
  readonly outputs: string;
}

/** The workload with the same arguments, with ones the engine has not seen, or a function beside it by its name. */
export type Timed = "same" | "fresh" | { readonly beside: string };

export interface TimeRequest {
  readonly calls: number;
  readonly what: Timed;
}

export type Request = { readonly open: true } | { readonly load: LoadRequest } | { readonly time: TimeRequest };

export interface Loaded {
  /** The first call in milliseconds: for a compiled engine tracing, compiling and running. */
  readonly first: number;
  /** How many numbers each result has. */
  readonly sizes: readonly number[];
}

/** Times are of the wall's clock, or of the processor's where that is less. */
export type Reply = { readonly version: string } | Loaded | { readonly milliseconds: number } | { readonly error: string };
