/** Expressions that several rows share. They know the scalar arithmetic; they know no op. */
import type { Expression, ExpressionArithmetic } from "../expression.ts";

/** -|x| as a choice, so that number systems with derivatives see none of the kink of the modulus. */
export const negativeSize = (s: ExpressionArithmetic, x: Expression): Expression => s.select(s.less(x, s.constant(0)), x, s.neg(x));
