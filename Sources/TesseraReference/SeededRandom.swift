#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A random generator whose sequence depends on its seed alone: xoshiro256** seeded by SplitMix64.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021).
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)
  private var spareNormal: Double?

  package init(_ seed: UInt64) {
    var mix = seed
    func splitMix() -> UInt64 {
      mix &+= 0x9E37_79B9_7F4A_7C15
      var z = mix
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    state = (splitMix(), splitMix(), splitMix(), splitMix())
  }

  package mutating func next() -> UInt64 {
    let product = state.1 &* 5
    let result = ((product << 7) | (product >> 57)) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = (state.3 << 45) | (state.3 >> 19)
    return result
  }

  /// Uniform in `0 ..< 1`, 53 random bits.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Normal with mean 0 and standard deviation 1 (Box–Muller).
  package mutating func normal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    spareNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Uniform over the integers of `range`.
  package mutating func integer(in range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// One of `choices`, which must not be empty.
  package mutating func pick<T>(_ choices: [T]) -> T {
    choices[integer(in: 0...(choices.count - 1))]
  }

  /// `count` normal values of standard deviation `deviation`.
  package mutating func normals(_ count: Int, deviation: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(normal() * deviation) }
  }

  /// `count` values uniform in `low ..< high`.
  package mutating func uniforms(_ count: Int, from low: Double, to high: Double) -> [Float] {
    (0..<count).map { _ in Float(low + (high - low) * uniform()) }
  }

  /// `count` integers of `range`; with `nonZero`, none of them is 0.
  package mutating func integers(
    _ count: Int, in range: ClosedRange<Int>, nonZero: Bool = false
  ) -> [Float] {
    (0..<count).map { _ in
      var value = integer(in: range)
      while nonZero, value == 0, range != 0...0 { value = integer(in: range) }
      return Float(value)
    }
  }
}
