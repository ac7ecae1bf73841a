import ArgumentParser
import Tessera
import TesseraConformance

/// The options of neighborhood attention.
struct NeighborhoodOptions: ParsableArguments {
  @Option(help: "Keys per query along each axis: 7 or 7,7.") var window: IntList
  @Option(help: "Queries that share a window, per axis.") var stride = IntList([1])
  @Option(help: "Distance of neighbouring keys, per axis.") var dilation = IntList([1])
  @Option(help: "1 for axes on which a query sees only keys at or before it.") var causal = IntList([0])
  @Option(help: "1 for axes that are rings: windows run around their ends.") var circular = IntList([0])
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?

  func validate() throws {
    for (name, flags) in [("--causal", causal), ("--circular", circular)]
    where !flags.values.allSatisfy({ $0 == 0 || $0 == 1 }) {
      throw ValidationError("\(name): got \(flags.values), allowed 0 or 1 per axis")
    }
  }

  var causalFlags: [Bool] { causal.values.map { $0 == 1 } }
  var circularFlags: [Bool] { circular.values.map { $0 == 1 } }

  /// The tensors q, k, v and, if they are there, extra_k, extra_v, bias and key_mask, with the problem
  /// they pose.
  /// - Parameter output: element type of o; that of q if nil.
  func inputs(
    _ tensors: [String: HostTensor], output: DType? = nil
  ) throws(TesseraError) -> NeighborhoodInputs {
    let (q, k, v) = (
      try tensors.required("q"), try tensors.required("k"), try tensors.required("v")
    )
    let (extraK, extraV, bias) = (tensors["extra_k"], tensors["extra_v"], tensors["bias"])
    // Masks come as integers too, where a format or its writer has no bools.
    let keyMask = try tensors["key_mask"].map { mask throws(TesseraError) in
      mask.dtype.isFloatingPoint ? mask : try mask.converted(to: .bool)
    }
    func described(_ tensor: HostTensor?) -> (shape: Shape, dtype: DType)? {
      tensor.map { ($0.shape, $0.dtype) }
    }
    let problem = try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      extraK: described(extraK), extraV: described(extraV), bias: described(bias),
      keyMask: described(keyMask), circular: circularFlags, window: window.values,
      stride: stride.values, dilation: dilation.values, causal: causalFlags, scale: scale,
      output: output)
    return NeighborhoodInputs(
      problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV, bias: bias, keyMask: keyMask)
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
