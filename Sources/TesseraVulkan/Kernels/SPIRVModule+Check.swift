import TesseraCore
import TesseraHAL

extension SPIRVModule {
  /// Compares a module with the signature it was declared with.
  /// - Returns: the entry point's name in the module.
  /// - Throws: `compile` naming the kernel and everything that disagrees.
  func check(
    _ signature: KernelSignature, _ specialization: [KernelCode.Specialization]
  ) throws(TesseraError) -> String {
    // Compilers call the entry point `main`, whatever the kernel's name.
    let named = entryPoints.first { $0.name == signature.name }
    guard let entry = named ?? (entryPoints.count == 1 ? entryPoints.first : nil) else {
      let names = entryPoints.map(\.name).sorted().joined(separator: ", ")
      throw .compile(
        kernel: signature.name,
        log: "the module has no such compute entry point; it has: \(names.isEmpty ? "none" : names)"
      )
    }
    var faults: Set<String> = []
    for resource in resources(of: entry) {
      let place = "set \(resource.set) binding \(resource.binding)"
      guard resource.set == 0, resource.isStorageBuffer else {
        faults.insert("\(place): only storage buffers of set 0 can be bound")
        continue
      }
      guard signature.slots.indices.contains(resource.binding) else {
        faults.insert("\(place): the signature has \(signature.slots.count) slots")
        continue
      }
      let slot = signature.slots[resource.binding]
      if resource.isWritten && !slot.access.writes {
        faults.insert("\(place) (\(slot.name)): written, but declared as read only")
      }
    }
    if pushConstantBytes > signature.constantBytes {
      faults.insert(
        "push constants: the module reads \(pushConstantBytes) bytes, the signature has "
          + "\(signature.constantBytes)")
    }
    if let workgroup = workgroup(of: entry, specialization), workgroup != signature.workgroup {
      faults.insert(
        "workgroup: \(workgroup) in the module, \(signature.workgroup) in the signature")
    }
    guard faults.isEmpty else {
      throw .compile(kernel: signature.name, log: faults.sorted().joined(separator: "\n"))
    }
    return entry.name
  }
}
