package import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension Reference {
  /// Neighborhood attention in f64 over contiguous tensors in the problem's layout; `extraK` and
  /// `extraV` are read if the problem has additional keys.
  package static func neighborhoodAttention(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = []
  ) -> NeighborhoodResult {
    precondition(problem.isPlain, "extensions have their own oracle")
    let (heads, kvHeads, d, dv) = (
      problem.heads, problem.kvHeads, problem.headDim, problem.valueDim
    )
    let (tokens, extra, scale) = (problem.tokens, problem.extraKeys, Double(problem.scale))
    let rows = problem.batch * tokens * heads
    var result = NeighborhoodResult(
      o: [Double](repeating: 0, count: rows * dv),
      lse: [Double](repeating: -.infinity, count: rows),
      magnitude: [Double](repeating: 0, count: rows * dv),
      scoreMagnitude: [Double](repeating: 0, count: rows),
      keyCount: [Int](repeating: 0, count: rows))
    let keySets = tokens == 0 ? [] : neighborhoodKeySets(problem.axes)
    for batch in 0..<problem.batch {
      for token in 0..<tokens {
        for head in 0..<heads {
          let kvHead = head / problem.group
          let row = (batch * tokens + token) * heads + head
          // Where the key's and the value's vectors start, window first, additional keys after.
          let inWindow = keySets[token].map { (batch * tokens + $0) * kvHeads + kvHead }
          let added = (0..<extra).map { (batch * extra + $0) * kvHeads + kvHead }
          var scores: [Double] = []
          var largest = 0.0
          for (keys, positions) in [(k, inWindow), (extraK, added)] {
            for position in positions {
              var (sum, absolute) = (0.0, 0.0)
              for i in 0..<d {
                let term = q[row * d + i] * keys[position * d + i]
                sum += term
                absolute += abs(term)
              }
              scores.append(scale * sum)
              largest = max(largest, abs(scale) * absolute)
            }
          }
          result.keyCount[row] = scores.count
          result.scoreMagnitude[row] = largest
          guard let peak = scores.max() else { continue }
          let weights = scores.map { exp($0 - peak) }
          let total = weights.reduce(0, +)
          result.lse[row] = peak + log(total)
          for (values, positions, shift) in [(v, inWindow, 0), (extraV, added, inWindow.count)] {
            for (index, position) in positions.enumerated() {
              let p = weights[shift + index] / total
              for i in 0..<dv {
                let term = p * values[position * dv + i]
                result.o[row * dv + i] += term
                result.magnitude[row * dv + i] += abs(term)
              }
            }
          }
        }
      }
    }
    return result
  }

  /// The same operator evaluated plainly in f32, P rounded to the type of V before it meets the values, as
  /// the definition allows, and O to `problem.outputDType` at the end: what a careful but unoptimised
  /// program of that precision gets, and the yardstick of the error judge.
  package static func plainNeighborhoodAttention(
    _ problem: NeighborhoodProblem, q: [Double], k: [Double], v: [Double], extraK: [Double] = [],
    extraV: [Double] = []
  ) -> [Double] {
    let (heads, kvHeads, d, dv) = (
      problem.heads, problem.kvHeads, problem.headDim, problem.valueDim
    )
    let (tokens, extra) = (problem.tokens, problem.extraKeys)
    let keySets = tokens == 0 ? [] : neighborhoodKeySets(problem.axes)
    var o = [Float](repeating: 0, count: problem.batch * tokens * heads * dv)
    let (keys, values) = (
      [k.map(Float.init), extraK.map(Float.init)], [v.map(Float.init), extraV.map(Float.init)]
    )
    let queries = q.map(Float.init)
    precondition(problem.isPlain, "extensions have their own oracle")
    for batch in 0..<problem.batch {
      for token in 0..<tokens {
        for head in 0..<heads {
          let kvHead = head / problem.group
          let row = (batch * tokens + token) * heads + head
          let positions =
            keySets[token].map { (0, (batch * tokens + $0) * kvHeads + kvHead) }
            + (0..<extra).map { (1, (batch * extra + $0) * kvHeads + kvHead) }
          let scores = positions.map { source, position in
            var sum: Float = 0
            for i in 0..<d { sum += queries[row * d + i] * keys[source][position * d + i] }
            return problem.scale * sum
          }
          guard let peak = scores.max() else { continue }
          let weights = scores.map { expf($0 - peak) }
          let total = weights.reduce(0, +)
          let stored = weights.map { Float(rounded($0, to: problem.dtype)) }
          for (weight, (source, position)) in zip(stored, positions) {
            for i in 0..<dv { o[row * dv + i] += weight * values[source][position * dv + i] }
          }
          for i in 0..<dv { o[row * dv + i] /= total }
        }
      }
    }
    return o.map { rounded($0, to: problem.outputDType) }
  }

  /// `x` as the nearest number of a storage type, ties to even.
  static func rounded(_ x: Float, to dtype: DType) -> Double {
    switch dtype {
    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    case .f16: Double(Float16(x))
    #endif
    case .bf16: Double(BFloat16(x).floatValue)
    default: Double(x)
    }
  }
}
