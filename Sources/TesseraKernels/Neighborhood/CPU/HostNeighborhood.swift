import CTesseraSIMD
import TesseraHAL

/// The CPU back-end's kernel: hands a workgroup's buffers to the C loops.
enum HostNeighborhood {
  static func run(_ group: HostGroup) {
    // The planner asks for local memory always, so it has an address; a tensor without elements is
    // bound to any small buffer or gets this one.
    guard let local = group.local.baseAddress else { return }
    let constants = group.constants.loadUnaligned(as: tessera_na_constants.self)
    func address(_ operand: Plan.NeighborhoodOperand) -> UnsafeMutableRawPointer {
      let slot = Plan.NeighborhoodOperand.plain.firstIndex(of: operand) ?? 0
      return group.buffers[slot].baseAddress ?? local
    }
    withUnsafePointer(to: constants) { constants in
      tessera_na_tile(
        constants, address(.q), address(.k), address(.v), address(.extraK), address(.extraV),
        address(.o), address(.lse).assumingMemoryBound(to: Float.self), group.group.x,
        local.assumingMemoryBound(to: Float.self))
    }
  }
}
