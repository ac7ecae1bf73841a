package import TesseraCore
package import TesseraHAL

/// How the catalogue builds the kernels of one name.
package struct KernelEntry: Sendable {
  package let name: String
  /// What the kernel takes, from its parameters alone; the same on every back-end unless it says
  /// otherwise.
  package let signature: @Sendable (KernelSpec, BackendKind) -> KernelSignature
  /// The code for one back-end.
  package let code: @Sendable (KernelSpec, BackendKind) throws(TesseraError) -> KernelCode

  package init(
    name: String,
    signature: @escaping @Sendable (KernelSpec, BackendKind) -> KernelSignature,
    code: @escaping @Sendable (KernelSpec, BackendKind) throws(TesseraError) -> KernelCode
  ) {
    self.name = name
    self.signature = signature
    self.code = code
  }
}

/// Every kernel there is, by name.
package enum KernelCatalogue {
  /// All entries. Each operator family adds its own list here.
  package static let entries: [String: KernelEntry] = {
    let all: [[KernelEntry]] = [
      CPUAttentionKernels.entries,
      CacheKernels.entries,
      PrunedKernels.entries,
      CPUGEMMKernels.entries,
      CPUListKernels.entries,
      DecodeKernels.entries,
      HopperAttentionKernels.entries,
      GEMMKernels.entries,
      TensorGEMMKernels.entries,
      PartKernels.entries,
      PatternKernels.entries,
      HPCKernels.entries,
      HalvesKernels.entries,
      ListKernels.entries,
      BoxKernels.entries,
      SelectKernels.entries,
      ListAttentionKernels.entries,
      StridedCopy.entries,
    ]
    return Dictionary(uniqueKeysWithValues: all.joined().map { ($0.name, $0) })
  }()

  /// The entry of `spec`.
  /// - Throws: `unsupported` if there is no kernel of that name (a plan from another version).
  package static func entry(for spec: KernelSpec) throws(TesseraError) -> KernelEntry {
    guard let entry = entries[spec.name] else { throw .unsupported("kernel \(spec.name)") }
    return entry
  }
}
