import TesseraCore
import TesseraReference
import TesseraRuntime
import Testing

/// One-hot values show exactly which keys were attended: with all scores 0, output column `c` of a
/// query is 1/count for the keys whose value is e_c, and 0 for all others.
@Suite struct `Neighborhood attention key sets` {
  typealias Axis = NeighborhoodProblem.Axis

  /// `columns` is the value dimension, at least the number of tokens; a fixed one saves compiling a
  /// kernel for each.
  private func fault(
    _ axes: [Axis], columns: Int, on context: DeviceContext, heads: Int = 1, kvHeads: Int = 1
  ) throws -> String? {
    let tokens = axes.reduce(1) { $0 * $1.length }
    let form = NeighborhoodCase.Form(
      axes: axes, heads: heads, kvHeads: kvHeads, d: 4, dv: columns)
    let test = try NeighborhoodCase(form) { name, count in
      switch name {
      case "v":
        (0..<count).map { i in i / columns / kvHeads == i % columns ? 1 : 0 }
      default: [Float](repeating: 0, count: count)
      }
    }
    let output = try test.run(on: context)
    let o = output.o.floats()
    let sets = Reference.neighborhoodKeySets(axes)
    for token in 0..<tokens {
      for head in 0..<heads {
        let row = o[((token * heads + head) * columns)..<((token * heads + head + 1) * columns)]
        let attended = row.indices.filter { row[$0] != 0 }.map { $0 - row.startIndex }
        guard attended == sets[token] else {
          return "\(axes), query \(token): attended \(attended), expected \(sets[token])"
        }
        let weight = 1 / Float(attended.count)
        guard row.allSatisfy({ $0 == 0 || abs($0 - weight) < 1e-6 }) else {
          return "\(axes), query \(token): weights \(row), expected \(weight)"
        }
      }
    }
    return output.guardsIntact ? nil : "\(axes): guard bytes changed"
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `are exact for all legal one-dimensional parameters`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var index = 0
    for length in 1...16 {
      for dilation in 1...length {
        for window in 1...(length / dilation) {
          for stride in 1...window {
            for causal in [false, true] {
              index += 1
              // 7 has no factor in common with the two values of `causal`.
              guard device.isThorough || index % 7 == 0 else { continue }
              let axis = Axis(
                length: length, window: window, stride: stride, dilation: dilation, causal: causal)
              if let fault = try fault([axis], columns: 16, on: context) {
                Issue.record("\(fault)")
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `are exact for random axes`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(11)
    for _ in 0..<(device.isThorough ? 500 : 60) {
      let rank = random.integer(in: 2...3)
      let axes = (0..<rank).map { _ in
        Self.randomAxis(&random, upTo: [130, 16, 7][rank - 1])
      }
      if let fault = try fault(axes, columns: 344, on: context, heads: 2, kvHeads: 1) {
        Issue.record("\(fault)")
      }
    }
  }

  static func randomAxis(_ random: inout SeededRandom, upTo limit: Int) -> Axis {
    let length = random.integer(in: 1...limit)
    let dilation = random.integer(in: 1...min(length, random.integer(in: 1...4)))
    let window = random.integer(in: 1...(length / dilation))
    let stride = random.integer(in: 1...min(window, random.integer(in: 1...6)))
    return Axis(
      length: length, window: window, stride: stride, dilation: dilation,
      causal: random.integer(in: 0...2) == 0)
  }
}
