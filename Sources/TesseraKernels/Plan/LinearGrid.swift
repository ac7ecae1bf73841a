import TesseraCore
import TesseraHAL

extension GridSize {
  /// Invocations of a workgroup of the kernels that number theirs by `LINEAR_ID`.
  static let linearWorkgroup = 64

  /// Workgroups of 64 for `invocations`, along x and then y.
  /// - Throws: `overLimit` naming `what` if the kernels cannot count so many in 31 bits.
  static func linear(
    _ invocations: Int, _ what: String, _ capabilities: Capabilities
  ) throws(TesseraError) -> GridSize {
    // Rounding up to whole rows of groups adds at most 2²² invocations, which are counted, too.
    let limit = Int(Int32.max) - 1 << 23
    guard invocations <= limit else {
      throw .overLimit(
        "invocations of \(what)", requested: invocations, limit: limit, device: capabilities.name)
    }
    let groups = (invocations + linearWorkgroup - 1) / linearWorkgroup
    let x = max(1, min(groups, capabilities.maxGroupCount[0], 65535))
    let y = (groups + x - 1) / x
    guard y <= capabilities.maxGroupCount[1] else {
      throw .overLimit(
        "workgroups of \(what)", requested: groups, limit: x * capabilities.maxGroupCount[1],
        device: capabilities.name)
    }
    return GridSize(x, y)
  }

  /// Workgroups of a host kernel that shares `count` rows of `work` operations each evenly among them:
  /// enough for all processors, none too small to be worth waking one.
  static func host(_ count: Int, work: Int, _ capabilities: Capabilities) -> GridSize {
    let worth = 1 + Int(Double(count) * Double(max(work, 1)) / 16384)
    return GridSize(max(1, min(count, worth, 8 * max(capabilities.computeUnits, 1))))
  }
}

extension HostGroup {
  /// This workgroup's part of `count` rows that all workgroups along x share evenly.
  func share(of count: Int) -> Range<Int> {
    (count * group.x / groups.x)..<(count * (group.x + 1) / groups.x)
  }

  /// The start of slot `index`; of local memory for a tensor without elements.
  func address(_ index: Int) -> UnsafeMutableRawPointer? {
    buffers[index].baseAddress ?? local.baseAddress
  }
}

extension Plan {
  /// The position of `spec` in `kernels`, appended if it is new.
  mutating func kernel(_ spec: KernelSpec) -> Int {
    if let found = kernels.firstIndex(of: spec) { return found }
    kernels.append(spec)
    return kernels.count - 1
  }

  /// Checks that a kernel can bind and count what it is given.
  /// - Throws: `overLimit` naming the first that is too large.
  static func checkBindings(
    _ operation: String, _ bindings: [(name: String, elements: Int, dtype: DType)],
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    for (name, elements, dtype) in bindings {
      guard elements <= Int(Int32.max) else {
        throw .overLimit(
          "elements of \(name) of \(operation)", requested: elements, limit: Int32.max,
          device: capabilities.name)
      }
      let bytes = elements * dtype.byteCount
      guard bytes <= capabilities.maxBindingRange else {
        throw .overLimit(
          "bytes of \(name) of \(operation)", requested: bytes, limit: capabilities.maxBindingRange,
          device: capabilities.name)
      }
    }
  }

  /// Checks the loops of one invocation against the driver's limit.
  /// - Throws: `overLimit` if they are too long.
  static func checkLoops(
    _ operation: String, _ iterations: Int, _ capabilities: Capabilities
  ) throws(TesseraError) {
    guard let limit = capabilities.maxLoopIterations, iterations > limit - limit / 16 else {
      return
    }
    throw .overLimit(
      "loop iterations of \(operation)", requested: iterations, limit: limit - limit / 16,
      device: capabilities.name)
  }
}
