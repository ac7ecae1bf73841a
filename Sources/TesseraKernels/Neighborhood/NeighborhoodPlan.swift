import TesseraCore

/// What every plan of neighborhood attention says, whatever runs it.
extension Plan {
  /// The operands of plans of neighborhood attention, by position. A forward plan writes o and lse and
  /// has none after them; a backward plan reads all up to dO and writes the gradients. Tensors that the
  /// problem does not have are nil.
  package enum NeighborhoodOperand: Int, CaseIterable {
    case q, k, v, extraK, extraV, bias, keyMask, o, lse
    case dO, dQ, dK, dV, dExtraK, dExtraV, dBias

    /// Those of a forward pass.
    package static let forward = Array(allCases[...Self.lse.rawValue])
    /// Those of the plain operator's forward pass.
    static let plain = forward.filter { $0 != .bias && $0 != .keyMask }
  }

  /// A plan with the problem's operation counts and no dispatch.
  init(_ problem: NeighborhoodProblem, schedule: String, tile: [Int]) throws(TesseraError) {
    self.init(operation: "na", schedule: schedule, tile: tile)
    for operand in NeighborhoodOperand.forward {
      bytes += Double(try problem.byteCount(of: operand)) * Double(problem.batch)
    }
  }

  /// The operands' ranges for some batch entries, in slot order. A tensor without elements is replaced:
  /// an output by scratch memory, since no two slots may share memory that is written.
  mutating func neighborhoodArguments(
    _ problem: NeighborhoodProblem, batches: Range<Int>
  ) throws(TesseraError) -> [Argument] {
    var arguments: [Argument] = []
    for operand in NeighborhoodOperand.plain {
      let bytes = try problem.byteCount(of: operand)
      if bytes > 0 {
        arguments.append(
          .init(
            .operand(operand.rawValue), offset: bytes * batches.lowerBound,
            byteCount: bytes * batches.count))
      } else if operand == .o {
        arguments.append(unusedScratch())
      } else {
        arguments.append(.init(.none, byteCount: 0))
      }
    }
    return arguments
  }

  /// A small scratch buffer for a written slot that this plan has no use for.
  mutating func unusedScratch() -> Argument {
    scratch.append(256)
    return Argument(.scratch(scratch.count - 1), byteCount: 256)
  }

  /// Floating-point operations per attended key: multiply and add for each of D and Dv.
  static func flopsPerPair(_ problem: NeighborhoodProblem) -> Double {
    2 * Double(problem.headDim + problem.valueDim)
  }
}

extension NeighborhoodProblem {
  /// Bytes of one batch entry of an operand, of all entries for the bias; 0 if the operation has no such
  /// tensor.
  func byteCount(of operand: Plan.NeighborhoodOperand) throws(TesseraError) -> Int {
    let own: [Int]
    switch operand {
    case .q, .dQ: own = [queryTokens, heads, headDim]
    case .k, .dK: own = [tokens, kvHeads, headDim]
    case .v, .dV: own = [tokens, kvHeads, valueDim]
    case .extraK, .dExtraK: own = [extraKeys, kvHeads, headDim]
    case .extraV, .dExtraV: own = [extraKeys, kvHeads, valueDim]
    case .bias, .dBias: own = hasRelativeBias ? biasDimensions : [0]
    case .keyMask: own = hasKeyMask ? [tokens] : [0]
    case .o, .dO: own = [queryTokens, heads, valueDim]
    case .lse: own = [queryTokens, heads]
    }
    return try Shape(own).byteCount(of: dtype(of: operand))
  }

  /// Storage type of an operand.
  func dtype(of operand: Plan.NeighborhoodOperand) -> DType {
    switch operand {
    case .bias, .dBias, .lse: .f32
    case .keyMask: .bool
    case .o, .dO: outputDType
    default: dtype
    }
  }

  /// Floating-point operations of the definition: 2·(D + Dv) for each key of each query.
  func flops(_ geometry: NeighborhoodGeometry) -> Double {
    let keys = geometry.pairs + Double(tokens) * Double(extraKeys)
    return keys * Plan.flopsPerPair(self) * Double(heads) * Double(batch)
  }
}

extension DType {
  /// The number kernels know a floating-point type by: 0 f32, 1 f16, 2 bf16.
  var kernelCode: Int {
    switch self {
    case .f16: 1
    case .bf16: 2
    default: 0
    }
  }
}
