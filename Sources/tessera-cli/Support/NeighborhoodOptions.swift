import ArgumentParser
import Tessera

/// The options of neighborhood attention.
struct NeighborhoodOptions: ParsableArguments {
  @Option(help: "Keys per query along each axis: 7 or 7,7.") var window: IntList
  @Option(help: "Queries that share a window, per axis.") var stride = IntList([1])
  @Option(help: "Distance of neighbouring keys, per axis.") var dilation = IntList([1])
  @Option(help: "1 for axes on which a query sees only keys at or before it.") var causal = IntList([0])
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?

  func validate() throws {
    guard causal.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw ValidationError("--causal: got \(causal.values), allowed 0 or 1 per axis")
    }
  }

  var causalFlags: [Bool] { causal.values.map { $0 == 1 } }

  /// Describes the attention over these tensors.
  func problem(
    q: HostTensor, k: HostTensor, v: HostTensor, extraK: HostTensor?, extraV: HostTensor?
  ) throws(TesseraError) -> NeighborhoodProblem {
    try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      extraK: extraK.map { ($0.shape, $0.dtype) }, extraV: extraV.map { ($0.shape, $0.dtype) },
      window: window.values, stride: stride.values, dilation: dilation.values, causal: causalFlags,
      scale: scale)
  }
}

/// Integers separated by commas: `7,7`.
struct IntList: ExpressibleByArgument, Sendable, Hashable {
  var values: [Int]

  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    var values: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let value = Int(part) else { return nil }
      values.append(value)
    }
    guard !values.isEmpty else { return nil }
    self.values = values
  }

  var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}
