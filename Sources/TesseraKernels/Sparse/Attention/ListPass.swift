/// The kernels that attention over lists is made of.
package enum ListPass: String, Sendable, Hashable, CaseIterable {
  case forward = "list_forward"
  case queryGradient = "list_query_gradient"
  case keyGradient = "list_key_gradient"

  /// The catalogue's name of the kernel.
  package var kernel: String { rawValue }
  /// Whether a workgroup owns keys and streams queries.
  package var rowsAreKeys: Bool { self == .keyGradient }
  /// The pass over boxes whose arithmetic it shares.
  var box: BoxPass {
    switch self {
    case .forward: .forward
    case .queryGradient: .queryGradient
    case .keyGradient: .keyGradient
    }
  }

  /// What a kernel's buffers hold.
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case q, k, v, entries, lengths, offsets, chunks, table, cuQ, cuK, sinks, o, lse, dO, delta
    case dQ, dK, dV, state
    case keyParameters, valueParameters
  }

  /// Slots in the order of the kernel's arguments.
  package var roles: [Role] {
    switch self {
    case .forward:
      [
        .q, .k, .v, .entries, .lengths, .chunks, .table, .cuQ, .cuK, .sinks, .o, .lse, .state,
      ]
    case .queryGradient:
      [
        .q, .k, .v, .entries, .lengths, .chunks, .cuQ, .cuK, .lse, .delta, .dO, .dQ, .state,
      ]
    case .keyGradient:
      [
        .q, .k, .v, .entries, .lengths, .offsets, .cuQ, .cuK, .lse, .delta, .dO, .dK, .dV, .state,
      ]
    }
  }

  /// What a split, or a place of a row's list, computes a part of.
  package var results: [Role] {
    switch self {
    case .forward: [.o, .lse]
    case .queryGradient: [.dQ]
    case .keyGradient: [.dK, .dV]
    }
  }

  /// Whether the kernel writes the slot.
  package func writes(_ role: Role) -> Bool { role == .state || results.contains(role) }
}
