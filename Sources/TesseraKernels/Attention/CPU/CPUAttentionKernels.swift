import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// The catalogue's entries of attention on the CPU back-end: they hand a workgroup's buffers to the
/// C loops.
package enum CPUAttentionKernels {
  package static let entries = CPUAttentionPass.allCases.map { pass in
    KernelEntry(
      name: pass.rawValue,
      signature: { spec, _ in
        KernelSignature(
          name: pass.rawValue,
          slots: pass.roles.map { role in
            .init(
              role.rawValue, pass.writes(role) ? .write : .read, alignment: role == .mask ? 1 : 4)
          },
          constantBytes: MemoryLayout<tessera_attention_constants>.size,
          localBytes: spec["LOCAL_BYTES"] ?? 0)
      },
      code: { spec, backend throws(TesseraError) in
        guard backend == .cpu || backend == .recording else {
          throw .unsupported("\(pass.rawValue) for \(backend.rawValue)")
        }
        return .host { run(pass, $0) }
      })
  }

  private static func run(_ pass: CPUAttentionPass, _ group: HostGroup) {
    // The planner asks for local memory always, so it has an address. Slots that a pass does not
    // have are not touched by it.
    guard let local = group.local.baseAddress else { return }
    var constants = group.constants.loadUnaligned(as: tessera_attention_constants.self)
    func address(_ role: CPUAttentionPass.Role) -> UnsafeMutableRawPointer {
      guard let slot = pass.roles.firstIndex(of: role) else { return local }
      return group.buffers[slot].baseAddress ?? local
    }
    func floats(_ role: CPUAttentionPass.Role) -> UnsafeMutablePointer<Float> {
      address(role).assumingMemoryBound(to: Float.self)
    }
    func lengths(_ role: CPUAttentionPass.Role) -> UnsafePointer<Int32> {
      UnsafePointer(address(role).assumingMemoryBound(to: Int32.self))
    }
    // Slopes and tables of biases share a slot.
    var operands = tessera_attention_operands(
      q: address(.q), k: address(.k), v: address(.v), extra_k: address(.extraK),
      extra_v: address(.extraV), bias: floats(.bias),
      mask: address(.mask).assumingMemoryBound(to: UInt8.self), alibi: floats(.bias),
      cu_q: lengths(.cuQ), cu_k: lengths(.cuK), o: address(.o), lse: floats(.lse),
      d_o: address(.dO), delta: floats(.delta), d_q: address(.dQ), d_k: address(.dK),
      d_v: address(.dV))
    tessera_attention_tile(&constants, &operands, pass.code, group.group.x, local)
  }
}
