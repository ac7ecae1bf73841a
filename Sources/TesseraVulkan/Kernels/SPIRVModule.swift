import TesseraHAL

/// What a SPIR-V module says about its interface: entry points, storage buffers, push constants and
/// workgroup size. Reads only as much as checking a `KernelSignature` needs.
struct SPIRVModule {
  /// Why words are not a module that can be read.
  struct Malformed: Error {
    var reason: String
  }
  struct EntryPoint {
    var function: UInt32
    var name: String
    /// Variables of the interface; from SPIR-V 1.4 on all that the entry point uses.
    var interface: Set<UInt32>
  }
  /// A module-scope variable with a descriptor binding.
  struct Resource {
    var binding: Int
    var set: Int
    /// Whether it is a storage buffer, the only kind there are slots for.
    var isStorageBuffer: Bool
    /// Whether some instruction of the module stores through it.
    var isWritten: Bool
  }

  private(set) var entryPoints: [EntryPoint] = []
  /// Bytes of the push-constant block; 0 without one.
  private(set) var pushConstantBytes = 0
  /// Whether the module asks how long a bound range is.
  let readsLengths: Bool
  /// Whether it reaches memory by addresses, which nothing bounds.
  let usesAddresses: Bool
  let version: UInt32
  private var resourcesByVariable: [UInt32: Resource] = [:]
  private var sizes: LocalSizes

  init(_ words: [UInt32]) throws(Malformed) {
    guard words.count >= 5, words[0] == 0x0723_0203 else {
      let magic = words.first.map { "0x" + String($0, radix: 16) } ?? "nothing"
      throw Malformed(reason: "not SPIR-V: \(words.count) words beginning with \(magic)")
    }
    version = words[1]
    var reader = SPIRVReader()
    try reader.read(words)
    readsLengths = reader.readsLengths
    usesAddresses = reader.usesAddresses
    entryPoints = reader.entryPoints
    sizes = reader.sizes
    for (variable, pointer) in reader.variables {
      switch pointer.storage {
      case SPIRV.pushConstant:
        pushConstantBytes = max(pushConstantBytes, reader.byteCounts[pointer.pointee] ?? 0)
      case SPIRV.storageBuffer, SPIRV.uniform, SPIRV.uniformConstant:
        guard let binding = reader.bindings[variable] else { continue }
        let isBlock =
          pointer.storage == SPIRV.storageBuffer
          || pointer.storage == SPIRV.uniform && reader.bufferBlocks.contains(pointer.pointee)
        resourcesByVariable[variable] = Resource(
          binding: binding, set: reader.sets[variable] ?? 0, isStorageBuffer: isBlock,
          isWritten: reader.written.contains(variable))
      default: continue
      }
    }
  }

  /// Resources an entry point uses. Several may have one binding (aliases of different types).
  func resources(of entry: EntryPoint) -> [Resource] {
    // Before 1.4 the interface lists inputs and outputs only, so every variable may be used.
    let listed = version >= 0x0001_0400
    return resourcesByVariable.filter { !listed || entry.interface.contains($0.key) }.map(\.value)
  }

  /// Invocations per workgroup with these specialization constants; nil if the module does not say.
  func workgroup(
    of entry: EntryPoint, _ specialization: [KernelCode.Specialization]
  ) -> [Int]? {
    sizes.workgroup(entry.function, specialization)
  }

  /// Where the workgroup size stands: in an execution mode or in a constant with the built-in's
  /// decoration, which wins.
  struct LocalSizes {
    var builtIn: UInt32?
    var literal: [UInt32: [Int]] = [:]
    var byID: [UInt32: [UInt32]] = [:]
    /// Value of 32-bit scalar constants and the ids of specialization constants.
    var constants: [UInt32: UInt32] = [:]
    var specIDs: [UInt32: Int] = [:]
    var composites: [UInt32: [UInt32]] = [:]

    func workgroup(_ function: UInt32, _ given: [KernelCode.Specialization]) -> [Int]? {
      if let ids = builtIn.flatMap({ composites[$0] }) ?? byID[function] {
        let values = ids.compactMap { id -> Int? in
          if let spec = specIDs[id], let entry = given.last(where: { $0.id == spec }) {
            return Int(entry.value)
          }
          return constants[id].map { Int($0) }
        }
        return values.count == ids.count ? values : nil
      }
      return literal[function]
    }
  }
}

/// The numbers of the SPIR-V specification that reflection looks at.
enum SPIRV {
  static let uniformConstant: UInt32 = 0
  static let uniform: UInt32 = 2
  static let pushConstant: UInt32 = 9
  static let storageBuffer: UInt32 = 12

  /// Instructions that write through a pointer, with the place of the pointer among their operands.
  static func writtenPointer(_ opcode: UInt32) -> Int? {
    switch opcode {
    case 62, 63, 64: 0  // Store, CopyMemory, CopyMemorySized
    case 228: 0  // AtomicStore
    case 229...242: 2  // AtomicExchange … AtomicXor
    case 6035: 2  // AtomicFAddEXT
    case 5614, 5615: 2  // AtomicFMinEXT, AtomicFMaxEXT
    case 4458: 0  // CooperativeMatrixStoreKHR
    case 5360: 0  // CooperativeMatrixStoreNV
    case 5368: 0  // CooperativeMatrixStoreTensorNV
    default: nil
    }
  }
}
