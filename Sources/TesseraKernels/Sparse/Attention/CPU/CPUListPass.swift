import CTesseraSIMD

/// The kernels of attention over lists on the CPU back-end.
package enum CPUListPass: String, Sendable, Hashable, CaseIterable {
  case forward = "list_cpu_forward"
  /// dQ, and δ for the others.
  case queryGradient = "list_cpu_query_gradient"
  /// dK and dV, over transposed lists.
  case keyGradient = "list_cpu_key_gradient"
  /// Forward over a paged cache, or a split of it.
  case paged = "list_cpu_paged"
  case transpose = "list_cpu_transpose"
  case sinkGradient = "list_cpu_sink_gradient"

  /// What a kernel's buffers hold.
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case q, k, v, indices, counts, sinks, cuQ, cuK, blockTable, lengths, offsets, rows, marks
    case keyParameters, valueParameters
    case o, lse, dO, delta, dQ, dK, dV, dSinks
  }

  /// The number the C loops know it by; of the small kernels that of none.
  var code: Int32 {
    switch self {
    case .queryGradient: Int32(TESSERA_ATTENTION_QUERIES)
    case .keyGradient: Int32(TESSERA_ATTENTION_KEYS)
    default: Int32(TESSERA_ATTENTION_FORWARD)
    }
  }

  /// Whether a workgroup owns keys and streams queries.
  var rowsAreKeys: Bool { self == .keyGradient }

  /// Slots in the order of the kernel's arguments.
  package var roles: [Role] {
    switch self {
    case .forward: [.q, .k, .v, .indices, .counts, .sinks, .cuQ, .cuK, .o, .lse]
    case .queryGradient:
      [.q, .k, .v, .indices, .counts, .cuQ, .cuK, .o, .lse, .dO, .delta, .dQ]
    case .keyGradient:
      [.q, .k, .v, .cuQ, .cuK, .offsets, .rows, .lse, .dO, .delta, .dK, .dV]
    case .paged:
      [
        .q, .k, .v, .indices, .counts, .sinks, .blockTable, .lengths, .keyParameters,
        .valueParameters, .o, .lse,
      ]
    case .transpose: [.indices, .counts, .cuQ, .cuK, .offsets, .rows, .marks]
    case .sinkGradient: [.sinks, .lse, .delta, .dSinks]
    }
  }

  /// Whether the kernel writes the slot.
  package func writes(_ role: Role) -> Bool {
    switch role {
    case .o, .lse: self == .forward || self == .paged
    case .delta: self == .queryGradient
    case .offsets, .rows, .marks: self == .transpose
    case .dQ, .dK, .dV, .dSinks: true
    default: false
    }
  }

  /// Floats of a row in local memory: its vectors and its sums.
  func floatsPerRow(headDim d: Int, valueDim dv: Int) -> Int {
    switch self {
    case .queryGradient: 2 * d + dv
    case .keyGradient: 2 * (d + dv)
    default: d + dv
    }
  }
}
