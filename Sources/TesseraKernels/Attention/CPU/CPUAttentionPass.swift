import CTesseraSIMD

/// The kernels of attention on the CPU back-end.
package enum CPUAttentionPass: String, Sendable, Hashable, CaseIterable {
  case forward = "attention_cpu_forward"
  /// dQ, and δ for the others.
  case queryGradient = "attention_cpu_query_gradient"
  case keyGradient = "attention_cpu_key_gradient"
  /// The gradients of additional keys and values.
  case extraGradient = "attention_cpu_extra_gradient"

  package typealias Role = BoxPass.Role

  /// The number the C loops know it by.
  var code: Int32 {
    switch self {
    case .forward: Int32(TESSERA_ATTENTION_FORWARD)
    case .queryGradient: Int32(TESSERA_ATTENTION_QUERIES)
    case .keyGradient: Int32(TESSERA_ATTENTION_KEYS)
    case .extraGradient: Int32(TESSERA_ATTENTION_EXTRA)
    }
  }

  /// Whether a workgroup owns keys and streams queries.
  package var rowsAreKeys: Bool { self == .keyGradient || self == .extraGradient }

  /// Slots in the order of the kernel's arguments.
  package var roles: [Role] {
    switch self {
    case .forward: [.q, .k, .v, .extraK, .extraV, .bias, .mask, .cuQ, .cuK, .o, .lse]
    case .queryGradient:
      [.q, .k, .v, .extraK, .extraV, .bias, .mask, .cuQ, .cuK, .o, .lse, .dO, .delta, .dQ]
    case .keyGradient: [.q, .k, .v, .bias, .mask, .cuQ, .cuK, .lse, .dO, .delta, .dK, .dV]
    case .extraGradient: [.q, .extraK, .extraV, .lse, .dO, .delta, .dK, .dV]
    }
  }

  /// Whether the kernel writes the slot.
  package func writes(_ role: Role) -> Bool {
    switch role {
    case .o, .lse: self == .forward
    case .delta: self == .queryGradient
    case .dQ, .dK, .dV: true
    default: false
    }
  }

  /// Floating-point operations for each pair of a query and a key that a register block holds.
  func flopsPerPair(headDim d: Int, valueDim dv: Int) -> Double {
    switch self {
    case .forward: 2 * Double(d + dv)
    case .queryGradient: 2 * Double(2 * d + dv)
    case .keyGradient, .extraGradient: 2 * Double(2 * d + 2 * dv)
    }
  }

  /// Floats of a row in local memory: its vectors and its sums.
  func floatsPerRow(headDim d: Int, valueDim dv: Int) -> Int {
    switch self {
    case .forward: d + dv
    case .queryGradient: 2 * d + dv
    case .keyGradient, .extraGradient: 2 * (d + dv)
    }
  }
}
