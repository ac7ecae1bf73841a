#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A precision that the oracle's arithmetic can be carried out in: f64 for the truth, f32 for what a
/// careful but unoptimised program gets.
protocol OracleScalar: BinaryFloatingPoint {
  static func exponential(_ x: Self) -> Self
  static func naturalLogarithm(_ x: Self) -> Self
  static func hyperbolicTangent(_ x: Self) -> Self
}

extension Double: OracleScalar {
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func naturalLogarithm(_ x: Double) -> Double { log(x) }
  static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}

extension Float: OracleScalar {
  static func exponential(_ x: Float) -> Float { expf(x) }
  static func naturalLogarithm(_ x: Float) -> Float { logf(x) }
  static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
}
