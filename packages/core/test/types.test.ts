// What the compiler accepts and infers; the functions under `refused` are checked by it and never called.
import {
  checkpoint,
  cond,
  customJvp,
  customVjp,
  debug,
  detach,
  forLoop,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  linearize,
  scan,
  tensor,
  type Tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "@cotangent/core";
import { expect, expectTypeOf, test } from "vitest";

interface Layer {
  readonly w: Tensor;
  readonly b?: Tensor;
}
interface Model {
  readonly layers: readonly Layer[];
  readonly scale: Tensor | null;
}
declare const loss: (model: Model, x: Tensor, rate: number) => Tensor;
declare const both: (model: Model, x: Tensor) => readonly [Tensor, { readonly note: string }];

test("gradients have the type of their argument, interfaces included", () => {
  expectTypeOf(grad<Parameters<typeof loss>>).returns.returns.toEqualTypeOf<Model>();
  const g = (f: typeof loss) => grad(f);
  expectTypeOf<ReturnType<ReturnType<typeof g>>>().toEqualTypeOf<Model>();
  const second = (f: typeof loss) => grad(f, { wrt: 1 });
  expectTypeOf<ReturnType<ReturnType<typeof second>>>().toEqualTypeOf<Tensor>();
  const several = (f: typeof loss) => valueAndGrad(f, { wrt: [1, 0] });
  expectTypeOf<ReturnType<ReturnType<typeof several>>>().toEqualTypeOf<[value: Tensor, gradient: [Tensor, Model]]>();
  const aux = (f: typeof both) => valueAndGrad(f, { aux: true });
  expectTypeOf<ReturnType<ReturnType<typeof aux>>>().toEqualTypeOf<[value: Tensor, gradient: Model, aux: { readonly note: string }]>();
});

test("the other transforms", () => {
  const f = (x: Tensor, p: { readonly w: Tensor }): { readonly y: Tensor } => ({ y: x.mul(p.w) });
  expectTypeOf(vjp(f, { wrt: 1 })).returns.toEqualTypeOf<{
    readonly value: { readonly y: Tensor };
    readonly pullback: (g: { readonly y: Tensor }) => { readonly w: Tensor };
  }>();
  const [value, tangent] = jvp(f)([tensor(1), { w: tensor(2) }], [tensor(1), null]);
  expectTypeOf(value).toEqualTypeOf<{ readonly y: Tensor }>();
  expectTypeOf(tangent).toEqualTypeOf<{ readonly y: Tensor }>();
  expectTypeOf(linearize(f)(tensor(1), { w: tensor(2) }).pushforward)
    .parameter(0)
    .toEqualTypeOf<Tensor>();
  expectTypeOf(jacobian(f, { wrt: 1 })).returns.toEqualTypeOf<{ readonly y: { readonly w: Tensor } }>();
  expectTypeOf(hessian((p: { readonly w: Tensor }) => p.w)).returns.toEqualTypeOf<{ readonly w: { readonly w: Tensor } }>();
  expectTypeOf(hvp((x: Tensor) => x)).returns.toEqualTypeOf<Tensor>();
  for (const wrapped of [vmap(f), checkpoint(f), debug(f)]) expectTypeOf(wrapped).toEqualTypeOf<typeof f>();
  expectTypeOf(detach(tensor(1))).toEqualTypeOf<Tensor>();
  expectTypeOf(
    customVjp(
      f,
      (x, p) => [f(x, p), x],
      (x, g) => [g.y, { w: x }],
    ),
  ).toEqualTypeOf<typeof f>();
  expectTypeOf(customJvp(f, ([x, p], [t]) => [f(x, p), { y: t }])).toEqualTypeOf<typeof f>();
});

test("control flow", () => {
  const [carry, ys] = scan(({ c }: { readonly c: Tensor }, x: Tensor) => [{ c: c.add(x) }, x.neg()], { c: tensor(0) }, tensor([1]));
  expectTypeOf(carry).toEqualTypeOf<{ c: Tensor }>();
  expectTypeOf(ys).toEqualTypeOf<Tensor>();
  expectTypeOf(
    cond(
      true,
      (x: Tensor) => ({ x }),
      (x: Tensor) => ({ x }),
      tensor(1),
    ),
  ).toEqualTypeOf<{ x: Tensor }>();
  expectTypeOf(forLoop(0, 1, (_i, c: Tensor) => c, tensor(1))).toEqualTypeOf<Tensor>();
  expectTypeOf(
    whileLoop(
      (c: Tensor) => c.less(1),
      (c) => c.add(1),
      tensor(0),
    ),
  ).toEqualTypeOf<Tensor>();
});

/** Never called: each line below a `@ts-expect-error` is an error of the compiler. */
export function refused(model: Model, x: Tensor): void {
  grad(loss)(model, x, 0.1);
  // @ts-expect-error a number is no struct of tensors
  grad((x: number) => tensor(x))(1);
  // @ts-expect-error nor is a struct with a number in it
  grad((p: { readonly w: Tensor; readonly rate: number }) => p.w)({ w: x, rate: 0.1 });
  // @ts-expect-error nor a string
  grad((p: { readonly w: Tensor; readonly name: string }) => p.w)({ w: x, name: "w" });
  // @ts-expect-error nor a function
  grad((p: { readonly f: (x: Tensor) => Tensor }) => p.f(x))({ f: (x: Tensor) => x });
  // @ts-expect-error nor a list with a boolean deep inside
  vjp((p: readonly { readonly deep: readonly [Tensor, boolean] }[]) => p[0]!.deep[0])([{ deep: [x, true] }]);
  // @ts-expect-error the argument that wrt names
  grad(loss, { wrt: 2 })(model, x, 0.1);
  // @ts-expect-error one of them
  jacobian(loss, { wrt: [0, 2] })(model, x, 0.1);
  // @ts-expect-error a gradient is taken of a tensor
  grad((x: Tensor) => x.item());
  // @ts-expect-error aux needs a pair
  grad((x: Tensor) => x, { aux: true });
  // @ts-expect-error a cotangent has the form of the output
  vjp((x: Tensor) => ({ y: x }))(x).pullback(x);
  // @ts-expect-error tangents have the form of their primals
  jvp((x: Tensor) => x)([x], [{ x }]);
  // @ts-expect-error the carry keeps its form
  scan((c: Tensor) => [{ c }, null], x, null, { length: 1 });
  const [same, other] = [(x: Tensor) => x, (x: Tensor) => ({ x })];
  // @ts-expect-error branches return one form
  cond(true, same, other, x);
  // @ts-expect-error an unknown option
  grad((x: Tensor) => x, { argnums: 0 });
}

test("what is refused is not called", () => {
  expect(refused).toBeTypeOf("function");
});
