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
  }

  /// A small scratch buffer for a written slot that this plan has no use for.
  mutating func unusedScratch() -> Argument {
    scratch.append(256)
    return Argument(.scratch(scratch.count - 1), byteCount: 256)
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
