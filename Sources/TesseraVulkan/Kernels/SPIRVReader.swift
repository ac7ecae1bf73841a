/// One pass over a module's instructions, gathering what `SPIRVModule` answers from.
struct SPIRVReader {
  struct Pointer {
    var storage: UInt32
    var pointee: UInt32
  }

  var entryPoints: [SPIRVModule.EntryPoint] = []
  var sizes = SPIRVModule.LocalSizes()
  var bindings: [UInt32: Int] = [:]
  var sets: [UInt32: Int] = [:]
  var bufferBlocks: Set<UInt32> = []
  /// Module-scope variables with the pointer type they have.
  var variables: [UInt32: Pointer] = [:]
  /// Variables that some instruction stores through.
  var written: Set<UInt32> = []
  /// Whether some instruction asks how long an array at the end of a block is.
  var readsLengths = false
  /// Whether memory is reached by addresses, too, not through descriptors alone.
  var usesAddresses = false

  private var pointers: [UInt32: Pointer] = [:]
  private var offsets: [UInt32: [UInt32: Int]] = [:]
  private var strides: [UInt32: Int] = [:]
  /// Bytes of the types that can stand in a block, known from their declaration on: types come after
  /// their parts, so nothing is ever looked up twice.
  private(set) var byteCounts: [UInt32: Int] = [:]
  /// Pointer values and the pointer they are derived from.
  private var bases: [UInt32: UInt32] = [:]

  /// Functions begun and not ended: more than none at the end is a truncated module.
  private var openFunctions = 0

  mutating func read(_ words: [UInt32]) throws(SPIRVModule.Malformed) {
    var position = 5
    while position < words.count {
      let count = Int(words[position] >> 16)
      guard count > 0, position + count <= words.count else {
        throw SPIRVModule.Malformed(reason: "the instruction at word \(position) is cut off")
      }
      let operands = words[(position + 1)..<(position + count)]
      interpret(words[position] & 0xFFFF, Array(operands))
      position += count
    }
    guard openFunctions == 0 else { throw SPIRVModule.Malformed(reason: "a function has no end") }
  }

  private mutating func interpret(_ opcode: UInt32, _ operand: [UInt32]) {
    if let place = SPIRV.writtenPointer(opcode), place < operand.count {
      if let variable = root(operand[place]) { written.insert(variable) }
      return
    }
    switch (opcode, operand.count) {
    case (54, _): openFunctions += 1
    case (56, _): openFunctions -= 1
    case (15, 3...): entryPoint(operand)
    case (17, 1...) where operand[0] == 5347: usesAddresses = true  // PhysicalStorageBufferAddresses
    case (68, _): readsLengths = true  // ArrayLength
    case (16, 5...) where operand[1] == 17:  // ExecutionMode LocalSize
      sizes.literal[operand[0]] = operand[2...4].map { Int($0) }
    case (331, 5...) where operand[1] == 38:  // ExecutionModeId LocalSizeId
      sizes.byID[operand[0]] = Array(operand[2...4])
    case (71, 2...): decorate(operand)
    case (72, 4...) where operand[2] == 35:  // MemberDecorate Offset
      offsets[operand[0], default: [:]][operand[1]] = Int(operand[3])
    case (21, 2...), (22, 2...): byteCounts[operand[0]] = Int(operand[1]) / 8
    case (23, 3...), (24, 3...):  // vectors, and matrices as vectors of columns
      byteCounts[operand[0]] = byteCounts[operand[1]].flatMap { Self.product($0, operand[2]) }
    case (28, 3...): declareArray(operand)
    case (30, 1...): declareStruct(operand)
    case (32, 3...):
      pointers[operand[0]] = Pointer(storage: operand[1], pointee: operand[2])
      byteCounts[operand[0]] = 8
    case (43, 3...), (50, 3...): sizes.constants[operand[1]] = operand[2]  // (Spec)Constant
    case (44, 2...), (51, 2...): sizes.composites[operand[1]] = Array(operand[2...])
    case (59, 3...):
      if let pointer = pointers[operand[0]] { variables[operand[1]] = pointer }
    case (65...67, 3...), (70, 3...), (83, 3...), (124, 3...):
      // AccessChain and its kin, CopyObject, Bitcast: the result points into its operand.
      bases[operand[1]] = operand[2]
    default: break
    }
  }

  private mutating func entryPoint(_ operand: [UInt32]) {
    guard operand[0] == 5 else { return }  // GLCompute
    var name: [UInt8] = []
    var next = 2
    scan: while next < operand.count {
      let word = operand[next]
      next += 1
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        if byte == 0 { break scan }
        name.append(byte)
      }
    }
    entryPoints.append(
      SPIRVModule.EntryPoint(
        function: operand[1], name: String(decoding: name, as: UTF8.self),
        interface: Set(operand[min(next, operand.count)...])))
  }

  private mutating func decorate(_ operand: [UInt32]) {
    let value = operand.count > 2 ? operand[2] : 0
    switch operand[1] {
    case 1: sizes.specIDs[operand[0]] = Int(value)
    case 3: bufferBlocks.insert(operand[0])
    case 6: strides[operand[0]] = Int(value)
    case 11 where value == 25: sizes.builtIn = operand[0]  // WorkgroupSize
    case 33: bindings[operand[0]] = Int(value)
    case 34: sets[operand[0]] = Int(value)
    default: break
    }
  }

  /// The module-scope variable that a pointer leads into.
  private func root(_ id: UInt32) -> UInt32? {
    var id = id
    // Ids are defined before use, so a chain is shorter than the map; a malformed cycle ends too.
    for _ in 0...bases.count {
      guard let base = bases[id] else { break }
      id = base
    }
    return variables[id] == nil ? nil : id
  }

  private mutating func declareArray(_ operand: [UInt32]) {
    guard let count = sizes.constants[operand[2]],
      let step = strides[operand[0]] ?? byteCounts[operand[1]]
    else { return }
    byteCounts[operand[0]] = Self.product(step, count)
  }

  private mutating func declareStruct(_ operand: [UInt32]) {
    var end = 0
    for (index, member) in operand.dropFirst().enumerated() {
      guard let offset = offsets[operand[0]]?[UInt32(index)], let size = byteCounts[member]
      else { return }
      let (sum, overflow) = offset.addingReportingOverflow(size)
      if overflow { return }
      end = max(end, sum)
    }
    byteCounts[operand[0]] = end
  }

  private static func product(_ a: Int, _ b: UInt32) -> Int? {
    let (result, overflow) = a.multipliedReportingOverflow(by: Int(b))
    return overflow ? nil : result
  }
}
