import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels that make lists of key blocks, by rule or from other lists or masks, and orders of tokens:
/// `pattern_rows`, `list_combine`, `list_mask`, `token_order` and `token_gather`. Each has the same
/// constants on all back-ends.
package enum PatternKernels {
  static let rows = "pattern_rows"
  static let combine = "list_combine"
  static let mask = "list_mask"
  static let order = "token_order"
  static let gather = "token_gather"

  package static let entries = [
    entry(
      rows, tessera_pattern_constants.self,
      slots: [
        .init("table", .read), .init("columns", .read), .init("slashes", .read),
        .init("indices", .write), .init("counts", .write),
      ], bitmaps: 1, ids: ["LANES": [3], "SPAN": [4], "PICTURES": [5]]
    ) { _, p, group, slots in
      guard let bitmap = group.local.baseAddress else { return }
      let range = group.share(of: Int(p.pointee.count))
      tessera_pattern_rows(
        p, words(slots[0]), words(slots[1]), words(slots[2]), words(slots[3]), words(slots[4]),
        bitmap.assumingMemoryBound(to: UInt64.self), range.lowerBound, range.upperBound)
    },
    entry(
      combine, tessera_combine_constants.self,
      slots: [
        .init("first", .read), .init("first_counts", .read), .init("second", .read),
        .init("second_counts", .read), .init("indices", .write), .init("counts", .write),
      ], bitmaps: 2
    ) { _, p, group, slots in
      guard let bitmap = group.local.baseAddress?.assumingMemoryBound(to: UInt64.self) else { return }
      let range = group.share(of: Int(p.pointee.count))
      tessera_list_combine(
        p, words(slots[0]), words(slots[1]), words(slots[2]), words(slots[3]), words(slots[4]),
        words(slots[5]), bitmap, bitmap + (Int(p.pointee.blocks) + 63) / 64, range.lowerBound,
        range.upperBound)
    },
    entry(
      mask, tessera_mask_constants.self,
      slots: [.init("mask", .read), .init("indices", .write), .init("counts", .write)], bitmaps: 1
    ) { _, p, group, slots in
      let range = group.share(of: Int(p.pointee.count))
      tessera_list_mask(
        p, slots[0].assumingMemoryBound(to: UInt8.self), words(slots[1]), words(slots[2]),
        range.lowerBound, range.upperBound)
    },
    entry(order, tessera_order_constants.self, slots: [.init("order", .write)]) {
      _, p, group, slots in
      let range = group.share(of: Int(p.pointee.count))
      tessera_token_order(p, words(slots[0]), range.lowerBound, range.upperBound)
    },
    entry(
      gather, tessera_order_constants.self, slots: [.init("from", .read), .init("to", .write)],
      ids: ["FROM_DTYPE": [3, 4], "WORDS": [8]]
    ) { spec, p, group, slots in
      let range = group.share(of: Int(p.pointee.count) / max(Int(p.pointee.row), 1))
      tessera_token_gather(
        p, spec["WORDS"] == 1 ? 4 : 2, slots[0], slots[1], range.lowerBound, range.upperBound)
    },
  ]

  private static func words(_ slot: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Int32> {
    slot.assumingMemoryBound(to: Int32.self)
  }

  /// - Parameters:
  ///   - bitmaps: bitmaps that a row has in local memory; 0 for a kernel that has none.
  ///   - host: gets the kernel, its constants, the workgroup, and the slots' addresses.
  private static func entry<Constants: BitwiseCopyable>(
    _ name: String, _: Constants.Type, slots: [KernelSignature.Slot], bitmaps: Int = 0,
    ids: [String: [Int]] = ["LANES": [3], "SPAN": [4]],
    host:
      @escaping @Sendable (
        KernelSpec, UnsafePointer<Constants>, HostGroup, [UnsafeMutableRawPointer]
      ) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        var localBytes = spec["LOCAL_BYTES"] ?? 0
        if backend != .cpu, bitmaps > 0 {
          let perWord = 4 * (bitmaps + 1)
          localBytes = perWord * (spec["SPAN"] ?? 64) * (64 / (spec["LANES"] ?? 64)) + 256
        }
        return KernelSignature(
          name: name, slots: slots, constantBytes: MemoryLayout<Constants>.size,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: localBytes)
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: ids) { group in
          let addresses = group.buffers.indices.compactMap { group.address($0) }
          guard addresses.count == group.buffers.count else { return }
          let constants = group.constants.loadUnaligned(as: Constants.self)
          withUnsafePointer(to: constants) { host(spec, $0, group, addresses) }
        }
      })
  }
}
