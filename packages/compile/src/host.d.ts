// What this package needs of its host beside the language: WebAssembly, a clock and a console, as every engine and browser has them.
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number; readonly maximum?: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, ModuleImports>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  type ModuleImports = Record<string, unknown>;
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}
declare const performance: { now(): number };
declare const console: { warn(message: string): void };
