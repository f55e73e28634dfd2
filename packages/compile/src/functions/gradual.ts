/**
 * The product of two float32 that may be subnormal, found over float64 and whole numbers: machines take a hundred cycles for a product with a
 * subnormal number in it, and long chains of products of single numbers end among these.
 */
import { writeFunction } from "../assembly/function.ts";
import type { FunctionCode } from "../assembly/module.ts";

/** From the first lanes of two vectors of float32 to all lanes of one: x·y, rounded as the machine's product. */
export const gradualProduct: FunctionCode = /* @__PURE__ */ write();

function write(): FunctionCode {
  const writer = writeFunction("gradualProduct", ["v128", "v128"], ["v128"]);
  const { emit } = writer;
  const bits = [0, 1].map(() => writer.local("i32"));
  const wide = [0, 1].map(() => writer.local("f64"));
  const [sign, product] = [writer.local("i32"), writer.local("f64")];
  const exponentOf = (i: number): void => {
    emit("local.get", bits[i]!);
    emit("i32.const", 23);
    emit("i32.shr_u");
  };
  for (const i of [0, 1]) {
    emit("local.get", i);
    emit("i32x4.extract_lane", 0);
    emit("local.tee", bits[i]!);
    if (i > 0) emit("i32.xor");
  }
  emit("i32.const", -(2 ** 31));
  emit("i32.and");
  emit("local.set", sign);
  for (const one of bits) {
    emit("local.get", one);
    emit("i32.const", 2 ** 31 - 1);
    emit("i32.and");
    emit("local.set", one);
  }
  // Where exponents sum to -126 or more, the product is normal or that of a subnormal number with a large one.
  exponentOf(0);
  exponentOf(1);
  emit("i32.add");
  emit("i32.const", 128);
  emit("i32.ge_u");
  writer.when(() => {
    emit("local.get", 0);
    emit("local.get", 1);
    emit("f32x4.mul");
    emit("return");
  });
  for (const i of [0, 1]) {
    exponentOf(i);
    writer.when(
      () => {
        emit("local.get", bits[i]!);
        emit("f32.reinterpret_i32");
        emit("f64.promote_f32");
        emit("local.set", wide[i]!);
      },
      () => {
        emit("local.get", bits[i]!);
        emit("f64.convert_i32_s");
        emit("f64.const", 2 ** -149);
        emit("f64.mul");
        emit("local.set", wide[i]!);
      },
    );
  }
  for (const one of wide) emit("local.get", one);
  emit("f64.mul");
  emit("local.tee", product);
  emit("f64.const", 2 ** -126);
  emit("f64.lt");
  // Beside 1.5·2^-97 numbers are whole multiples of 2^-149, as subnormal float32 are, and its lowest bits count them.
  writer.when(
    () => {
      emit("local.get", product);
      emit("f64.const", 1.5 * 2 ** -97);
      emit("f64.add");
      emit("f64x2.splat");
      emit("i32x4.extract_lane", 0);
      emit("local.set", bits[0]!);
    },
    () => {
      emit("local.get", product);
      emit("f32.demote_f64");
      emit("i32.reinterpret_f32");
      emit("local.set", bits[0]!);
    },
  );
  emit("local.get", bits[0]!);
  emit("local.get", sign);
  emit("i32.or");
  emit("i32x4.splat");
  return writer.finish();
}
