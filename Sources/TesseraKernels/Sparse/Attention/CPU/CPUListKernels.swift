import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// The catalogue's entries of attention over lists on the CPU back-end: they hand a workgroup's buffers
/// to the C loops.
package enum CPUListKernels {
  package static let entries = CPUListPass.allCases.map { pass in
    KernelEntry(
      name: pass.rawValue,
      signature: { spec, _ in
        KernelSignature(
          name: pass.rawValue,
          slots: pass.roles.map { .init($0.rawValue, pass.writes($0) ? .write : .read) },
          constantBytes: MemoryLayout<tessera_list_constants>.size,
          localBytes: spec["LOCAL_BYTES"] ?? 0)
      },
      code: { spec, backend throws(TesseraError) in
        guard backend == .cpu || backend == .recording else {
          throw .unsupported("\(pass.rawValue) for \(backend.rawValue)")
        }
        return .host { run(pass, $0) }
      })
  }

  private static func run(_ pass: CPUListPass, _ group: HostGroup) {
    // The planner asks for local memory always, so it has an address. Slots that a pass does not
    // have are not touched by it.
    guard let local = group.local.baseAddress else { return }
    var constants = group.constants.loadUnaligned(as: tessera_list_constants.self)
    func address(_ role: CPUListPass.Role) -> UnsafeMutableRawPointer {
      guard let slot = pass.roles.firstIndex(of: role) else { return local }
      return group.buffers[slot].baseAddress ?? local
    }
    func floats(_ role: CPUListPass.Role) -> UnsafeMutablePointer<Float> {
      address(role).assumingMemoryBound(to: Float.self)
    }
    func integers(_ role: CPUListPass.Role) -> UnsafeMutablePointer<Int32> {
      address(role).assumingMemoryBound(to: Int32.self)
    }
    if pass == .sinkGradient {
      tessera_list_sink_gradient(
        &constants, floats(.sinks), floats(.lse), floats(.delta), floats(.dSinks), group.group.x)
      return
    }
    // Boxes' extensions are not read.
    let tile = tessera_attention_operands(
      q: address(.q), k: address(.k), v: address(.v), extra_k: local, extra_v: local,
      bias: floats(.sinks), mask: local.assumingMemoryBound(to: UInt8.self), alibi: floats(.sinks),
      cu_q: integers(.cuQ), cu_k: integers(.cuK), o: address(.o), lse: floats(.lse),
      d_o: address(.dO), delta: floats(.delta), d_q: address(.dQ), d_k: address(.dK),
      d_v: address(.dV))
    var operands = tessera_list_operands(
      tile: tile, indices: integers(.indices), counts: integers(.counts), sinks: floats(.sinks),
      offsets: integers(.offsets), rows: integers(.rows), marks: integers(.marks),
      block_table: integers(.blockTable), lengths: integers(.lengths),
      k_parameters: address(.keyParameters), v_parameters: address(.valueParameters))
    if pass == .transpose {
      tessera_list_transpose(&constants, &operands, group.group.x)
    } else {
      tessera_list_tile(&constants, &operands, pass.code, group.group.x, local)
    }
  }
}
