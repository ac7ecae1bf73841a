import Tessera
@testable import TesseraBench
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One pass of a published problem on random inputs, judged by the f64 oracle: whole where that takes
/// a moment, else sampled.
struct PublishedRun: ConformanceCase {
  let problem: NeighborhoodProblem
  /// q, k, v, and dO of the backward pass.
  private let host: [HostTensor]
  /// O and LSE that gradients are made from; nil in the forward pass.
  private let forward: (o: HostTensor, lse: HostTensor)?
  private let seed: UInt64

  /// The forward pass.
  init(_ problem: NeighborhoodProblem, seed: UInt64) throws(TesseraError) {
    var random = SeededRandom(seed)
    var host: [HostTensor] = []
    let dimensions = [
      problem.queryDimensions, problem.keyDimensions, problem.valueDimensions,
      problem.outputDimensions,
    ]
    for dimensions in dimensions {
      let shape = try Shape(dimensions)
      host.append(
        try HostTensor(
          rounding: random.normals(shape.elementCount), to: problem.dtype, shape: shape))
    }
    self.init(problem: problem, host: host, forward: nil, seed: seed)
  }

  private init(
    problem: NeighborhoodProblem, host: [HostTensor], forward: (o: HostTensor, lse: HostTensor)?,
    seed: UInt64
  ) {
    self.problem = problem
    self.host = host
    self.forward = forward
    self.seed = seed
  }

  /// The backward pass over results of this forward pass.
  func backward(_ results: [HostTensor]) -> PublishedRun {
    PublishedRun(problem: problem, host: host, forward: (results[0], results[1]), seed: seed)
  }

  /// O and LSE, computed once more.
  func results(on device: Device) throws(TesseraError) -> [HostTensor] {
    let (q, k, v) = (
      try Tensor(host[0], on: device), try Tensor(host[1], on: device),
      try Tensor(host[2], on: device)
    )
    let result = try device.neighborhoodAttentionWithLSE(
      q, k, v, window: problem.axes.map(\.window), stride: problem.axes.map(\.stride),
      dilation: problem.axes.map(\.dilation), causal: problem.axes.map(\.causal))
    return [try result.output.host(), try result.logSumExp.host()]
  }

  var inputs: [HostTensor?] {
    let operands: [HostTensor?] = [host[0], host[1], host[2], nil, nil, nil, nil]
    return forward.map { operands + [$0.o, $0.lse, host[3]] } ?? operands
  }

  func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    guard forward != nil else {
      return [
        try ConformanceOutput(problem.outputDType, problem.outputDimensions),
        try ConformanceOutput(.f32, problem.lseDimensions),
      ]
    }
    return [
      try ConformanceOutput(problem.dtype, problem.queryDimensions),
      try ConformanceOutput(problem.dtype, problem.keyDimensions),
      try ConformanceOutput(problem.dtype, problem.valueDimensions), nil, nil, nil,
    ]
  }

  var summary: String { "\(forward == nil ? "forward" : "backward") \(problem)" }

  func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    forward == nil
      ? try device.preparedPlan(problem) : try device.preparedBackwardPlan(problem)
  }

  func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    let attention = BenchAttention.neighborhood(problem)
    guard let forward else {
      return try AttentionJudge(
        attention, host: host, o: results[0], lse: results[1], gradients: [], seed: seed,
        wholeShare: 0.1
      ).forward()
    }
    return try AttentionJudge(
      attention, host: host, o: forward.o, lse: forward.lse, gradients: results, seed: seed,
      wholeShare: 0.1
    ).backward()
  }
}
