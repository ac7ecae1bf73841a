import Foundation
import TesseraCore
import TesseraReference
import Testing

/// A problem of neighborhood attention that another project publishes among its tests: facts only, as
/// `neighborhood-cases.json` lists them. `RELIABILITY.md` says whose.
struct PublishedCase: Decodable {
  let lengths: [Int]
  let window: [Int]
  let stride: [Int]
  let dilation: [Int]
  let batch: Int
  let heads: Int
  let kvHeads: Int
  let headDim: Int
  let valueDim: Int
  /// Which axes are causal; nil for every combination.
  let causal: [Bool]?

  /// All of them, those of fewer axes and less work first.
  static func all() throws -> [PublishedCase] {
    let url = try #require(
      Bundle.module.url(forResource: "neighborhood-cases", withExtension: "json"))
    return try JSONDecoder().decode([PublishedCase].self, from: try Data(contentsOf: url))
  }

  /// Products of a forward pass: every key of every window, causal or not.
  var products: Double {
    let pairs = zip(lengths, window).reduce(1.0) { $0 * Double($1.0) * Double($1.1) }
    return pairs * Double(batch * heads) * Double(headDim + valueDim)
  }

  /// The combinations of causal axes to run, the one with every axis causal last.
  var causalChoices: [[Bool]] {
    if let causal { return [causal] }
    return (0..<(1 << lengths.count)).map { bits in lengths.indices.map { bits >> $0 & 1 == 1 } }
  }

  func problem(causal: [Bool], dtype: DType) throws(TesseraError) -> NeighborhoodProblem {
    let q = try Shape([batch] + lengths + [heads, headDim])
    let k = try Shape([batch] + lengths + [kvHeads, headDim])
    let v = try Shape([batch] + lengths + [kvHeads, valueDim])
    return try NeighborhoodProblem(
      q: (q, dtype), k: (k, dtype), v: (v, dtype), window: window, stride: stride,
      dilation: dilation, causal: causal)
  }
}
