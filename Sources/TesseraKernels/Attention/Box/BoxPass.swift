/// The kernels that attention over boxes is made of.
package enum BoxPass: String, Sendable, Hashable, CaseIterable {
  case forward = "attention_forward"
  case queryGradient = "attention_query_gradient"
  case keyGradient = "attention_key_gradient"

  /// The catalogue's name of the kernel.
  package var kernel: String { rawValue }
  /// Whether a workgroup owns keys and streams queries.
  package var rowsAreKeys: Bool { self == .keyGradient }

  /// What a kernel's buffers hold.
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case q, k, v, extraK, extraV, bias, mask, cuQ, cuK, o, lse, dO, delta, dQ, dK, dV, state
  }

  /// Slots in the order of the kernel's arguments.
  package var roles: [Role] {
    switch self {
    case .forward: [.q, .k, .v, .extraK, .extraV, .bias, .mask, .cuQ, .cuK, .o, .lse, .state]
    case .queryGradient:
      [
        .q, .k, .v, .extraK, .extraV, .bias, .mask, .cuQ, .cuK, .o, .lse, .dO, .delta, .dQ, .state,
      ]
    case .keyGradient:
      [.q, .k, .v, .bias, .mask, .cuQ, .cuK, .lse, .delta, .dO, .dK, .dV, .state]
    }
  }

  /// What a split computes a part of.
  package var results: [Role] {
    switch self {
    case .forward: [.o, .lse]
    case .queryGradient: [.dQ]
    case .keyGradient: [.dK, .dV]
    }
  }

  /// Whether the kernel writes the slot.
  package func writes(_ role: Role) -> Bool {
    switch role {
    case .o, .lse: self == .forward
    case .delta: self == .queryGradient
    case .dQ, .dK, .dV, .state: true
    default: false
    }
  }
}
