package import TesseraCore

extension NeighborhoodSimulator {
  /// The simulator of a neighborhood attention, extensions included.
  /// - Throws: `invalidArgument` if the problem breaks its own rules, `overLimit` if an axis does not
  ///   fit the kernels' 32-bit arithmetic.
  package init(_ problem: NeighborhoodProblem) throws(TesseraError) {
    try problem.validate()
    var axes: [TokenAxis] = []
    for index in problem.axes.indices { axes.append(try TokenAxis(problem, axis: index)) }
    func bytes(_ operands: [Plan.NeighborhoodOperand]) throws(TesseraError) -> Double {
      var sum = 0.0
      for operand in operands {
        let shared = operand == .bias || operand == .dBias
        sum += Double(try problem.byteCount(of: operand)) * (shared ? 1 : Double(problem.batch))
      }
      return sum
    }
    self.init(
      axes: axes, repeats: Double(problem.heads) * Double(problem.batch),
      headDim: problem.headDim, valueDim: problem.valueDim, extraKeys: problem.extraKeys,
      forwardBytes: try bytes(Plan.NeighborhoodOperand.forward),
      backwardBytes: try bytes(Plan.NeighborhoodOperand.allCases))
  }

  /// The simulator of dense attention.
  /// - Throws: as for neighborhood attention; `unsupported` for packed sequences, whose lengths are not
  ///   part of the problem.
  package init(_ problem: AttentionProblem) throws(TesseraError) {
    try problem.validate()
    guard !problem.packed else {
      throw .unsupported("simulation of packed sequences, whose lengths are known only when they run")
    }
    let (q, k, v) = (problem.queryDimensions, problem.keyDimensions, problem.valueDimensions)
    let (dtype, output) = (problem.dtype, problem.outputDType)
    var read: [([Int], DType)] = [(q, dtype), (k, dtype), (v, dtype)]
    if problem.alibi { read.append(([problem.heads], .f32)) }
    let results = [(problem.outputDimensions, output), (problem.lseDimensions, .f32)]
    let gradients = [(problem.outputDimensions, output), (q, dtype), (k, dtype), (v, dtype)]
    func bytes(_ tensors: [([Int], DType)]) throws(TesseraError) -> Double {
      var sum = 0.0
      for (dimensions, type) in tensors { sum += Double(try Shape(dimensions).byteCount(of: type)) }
      return sum
    }
    self.init(
      axes: [try TokenAxis(problem)],
      repeats: Double(problem.heads) * Double(problem.batch), headDim: problem.headDim,
      valueDim: problem.valueDim, extraKeys: 0,
      forwardBytes: try bytes(read + results),
      backwardBytes: try bytes(read + results + gradients))
  }
}
