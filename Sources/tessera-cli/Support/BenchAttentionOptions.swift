import ArgumentParser
import Tessera
import TesseraBench

/// The options of bench cases of attention.
struct BenchAttentionOptions: ParsableArguments {
  @Option(
    help:
      "na: keys per query along each axis, 7 if not given; attention: l,r, keys visible before and after the query.")
  var window: String?
  @Option(help: "na: queries that share a window.") var stride = IntList([1])
  @Option(help: "na: distance of neighbouring keys.") var dilation = IntList([1])
  @Option(help: "1 for causal: na per axis, attention one value.") var causal = IntList([0])
  @Flag(help: "attention: query i stands at key i.") var topLeft = false
  @Option(help: "attention: keys, if not as many as queries.") var keys: Int?
  @Option(help: "attention: KV heads, if fewer than heads.") var kvHeads: Int?
  @Option(help: "attention: elements of a value, if not D.") var valueDim: Int?
  @Option(help: "attention: caps the scores.") var softCap: Float?

  private var causalFlags: [Bool] {
    get throws {
      guard causal.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw ValidationError("--causal: got \(causal.values), allowed 0 or 1 per axis")
      }
      return causal.values.map { $0 == 1 }
    }
  }

  /// The case of `B,N,H,D`.
  func dense(_ shape: [Int], backward: Bool, _ dtype: DType) throws -> AttentionBenchCase {
    guard shape.count == 4, causal.values.count == 1 else {
      throw ValidationError(
        "--shape, --causal: got \(shape) and \(causal.values), allowed B,N,H,D and one value")
    }
    var limits = WindowLimits()
    if let window {
      guard let given = WindowLimits(argument: window) else {
        throw ValidationError("--window: got \"\(window)\", allowed l,r such as 128,0 or 128,none")
      }
      limits = given
    }
    return AttentionBenchCase(
      batch: shape[0], queries: shape[1], keys: keys, heads: shape[2], kvHeads: kvHeads,
      headDim: shape[3], valueDim: valueDim, causal: try causalFlags[0], topLeft: topLeft,
      window: (limits.left, limits.right), softCap: softCap, backward: backward, dtype: dtype)
  }

  /// The case of `B,X..,H,D`.
  func neighborhood(
    _ shape: [Int], backward: Bool, _ dtype: DType
  ) throws -> NeighborhoodBenchCase {
    guard (4...6).contains(shape.count) else {
      throw ValidationError("--shape: got \(shape), allowed B,X..,H,D with one to three X")
    }
    guard let window = IntList(argument: window ?? "7") else {
      throw ValidationError("--window: got \"\(window ?? "")\", allowed 7 or 7,7")
    }
    return NeighborhoodBenchCase(
      batch: shape[0], lengths: Array(shape[1..<(shape.count - 2)]), heads: shape[shape.count - 2],
      headDim: shape[shape.count - 1], window: window.values, stride: stride.values,
      dilation: dilation.values, causal: try causalFlags, backward: backward, dtype: dtype)
  }
}
