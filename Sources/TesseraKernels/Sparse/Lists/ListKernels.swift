import CTesseraSIMD
import TesseraCore
import TesseraHAL

/// Kernels that prepare lists of key blocks: `list_rows` and `list_rows_short`, and the steps of the counting sort that
/// transposes them. Each has the same constants on all back-ends.
package enum ListKernels {
  static let rows = "list_rows"
  static let rowsShort = "list_rows_short"
  static let count = "list_count"
  static let prefix = "list_prefix"
  static let scan = "list_scan"
  static let scatter = "list_scatter"

  package static let entries = [
    rowLists(rows, ids: ["LANES": [3], "SPAN": [4]]) {
      8 * ($0["SPAN"] ?? 64) * (64 / ($0["LANES"] ?? 64)) + 256
    },
    rowLists(rowsShort, ids: [:]) { _ in 0 },
    transposition(
      count, slots: [.init("entries", .read), .init("lengths", .read), .init("counts", .write)],
      localBytes: { 4 * ($0["SPAN"] ?? 64) }
    ) { _, p, group, words in
      let range = group.share(of: Int(p.pointee.lists) * Int(p.pointee.chunks))
      tessera_list_count(p, words[0], words[1], words[2], range.lowerBound, range.upperBound)
    },
    transposition(prefix, slots: [.init("counts", .readWrite), .init("offsets", .write)]) {
      _, p, group, words in
      let range = group.share(of: Int(p.pointee.lists) * Int(p.pointee.blocks))
      tessera_list_prefix(p, words[0], words[1], range.lowerBound, range.upperBound)
    },
    transposition(scan, slots: [.init("offsets", .readWrite)], localBytes: { _ in 256 }) {
      _, p, group, words in
      let range = group.share(of: Int(p.pointee.lists))
      tessera_list_scan(p, words[0], range.lowerBound, range.upperBound)
    },
    transposition(
      scatter,
      slots: [
        .init("entries", .read), .init("lengths", .read), .init("counts", .read),
        .init("offsets", .read), .init("rows", .write),
      ], hostWrites: 2, localBytes: { 8 * ($0["SPAN"] ?? 64) }
    ) { spec, p, group, words in
      let range = group.share(of: Int(p.pointee.lists) * Int(p.pointee.chunks))
      tessera_list_scatter(
        p, words[0], words[1], words[2], words[3], words[4], Int32(spec["ROWS_ONLY"] ?? 0),
        range.lowerBound, range.upperBound)
    },
  ]

  private typealias Words = [UnsafeMutablePointer<Int32>]

  /// One of the kernels that make row lists; on the CPU they are the same.
  private static func rowLists(
    _ name: String, ids: [String: [Int]],
    localBytes: @escaping @Sendable (KernelSpec) -> Int
  ) -> KernelEntry {
    entry(
      name, constantBytes: MemoryLayout<tessera_list_rows_constants>.size,
      slots: [
        .init("indices", .read), .init("counts", .read), .init("cu_q", .read), .init("cu_k", .read),
        .init("entries", name == rows ? .write : .readWrite), .init("lengths", .write),
      ], ids: ids, localBytes: localBytes,
      host: { _, group, words in
        guard let bitmap = group.local.baseAddress else { return }
        var constants = group.constants.loadUnaligned(as: tessera_list_rows_constants.self)
        let range = group.share(of: Int(constants.count))
        tessera_list_rows(
          &constants, words[0], words[1], words[2], words[3], words[4], words[5],
          bitmap.assumingMemoryBound(to: UInt64.self), range.lowerBound, range.upperBound)
      })
  }

  private static func transposition(
    _ name: String, slots: [KernelSignature.Slot], hostWrites: Int? = nil,
    localBytes: @escaping @Sendable (KernelSpec) -> Int = { _ in 0 },
    host:
      @escaping @Sendable (
        KernelSpec, UnsafePointer<tessera_list_transpose_constants>, HostGroup, Words
      ) -> Void
  ) -> KernelEntry {
    entry(
      name, constantBytes: MemoryLayout<tessera_list_transpose_constants>.size, slots: slots,
      hostWrites: hostWrites, ids: ["SPAN": [3], "ROWS_ONLY": [4]], localBytes: localBytes,
      host: { spec, group, words in
        let constants = group.constants.loadUnaligned(as: tessera_list_transpose_constants.self)
        withUnsafePointer(to: constants) { host(spec, $0, group, words) }
      })
  }

  /// - Parameters:
  ///   - hostWrites: a slot that the kernel reads, and on the CPU uses up.
  ///   - localBytes: local memory on devices; on the CPU it is the parameter LOCAL_BYTES.
  private static func entry(
    _ name: String, constantBytes: Int, slots: [KernelSignature.Slot], hostWrites: Int? = nil,
    ids: [String: [Int]], localBytes: @escaping @Sendable (KernelSpec) -> Int,
    host: @escaping @Sendable (KernelSpec, HostGroup, Words) -> Void
  ) -> KernelEntry {
    KernelEntry(
      name: name,
      signature: { spec, backend in
        var slots = slots
        if backend == .cpu, let hostWrites { slots[hostWrites].access = .readWrite }
        return KernelSignature(
          name: name, slots: slots, constantBytes: constantBytes,
          workgroup: backend == .cpu ? [1, 1, 1] : [GridSize.linearWorkgroup, 1, 1],
          localBytes: backend == .cpu ? spec["LOCAL_BYTES"] ?? 64 : localBytes(spec))
      },
      code: { spec, backend throws(TesseraError) in
        try .portable(spec, backend, ids: ids) { group in
          let words = group.buffers.indices.compactMap {
            group.address($0)?.assumingMemoryBound(to: Int32.self)
          }
          guard words.count == group.buffers.count else { return }
          host(spec, group, words)
        }
      })
  }
}
