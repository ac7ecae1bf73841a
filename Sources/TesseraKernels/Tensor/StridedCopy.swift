package import TesseraCore
package import TesseraHAL
import TesseraShaders

/// Makes a strided view contiguous on the device.
///
/// A view of any rank is merged to as few axes as its strides allow; beyond four, the outer axes become
/// dispatches of their own.
package enum StridedCopy {
  /// Kernels of this family.
  package static let entries = [
    KernelEntry(
      name: "strided_copy",
      signature: { spec, backend in
        KernelSignature(
          name: "strided_copy",
          slots: [
            .init("source", .read, alignment: spec["ELEMENT_BYTES"] ?? 4),
            .init("destination", .write, alignment: spec["ELEMENT_BYTES"] ?? 4),
          ],
          constantBytes: 36, workgroup: backend == .cpu ? [1, 1, 1] : [64, 1, 1])
      },
      code: { spec, backend throws(TesseraError) in try code(spec, backend) })
  ]

  /// Plans the copy of a view. Operands: 0 = source memory from the view's allocation start,
  /// 1 = destination.
  /// - Parameters:
  ///   - elementOffset: elements from the source range's start to the view's first element.
  ///   - sourceBytes: bytes of the source range.
  /// - Throws: `overLimit` if the view reaches beyond 2³¹ elements or the device's binding range.
  package static func plan(
    shape: Shape, strides: [Int], dtype: DType, elementOffset: Int, sourceBytes: Int,
    _ capabilities: Capabilities
  ) throws(TesseraError) -> Plan {
    var plan = Plan(operation: "copy", schedule: "strided", tile: [64])
    guard shape.elementCount > 0 else { return plan }
    let byteCount = try shape.byteCount(of: dtype)
    let limit = min(capabilities.maxBindingRange, Int(Int32.max))
    for (name, bytes) in [("source", sourceBytes), ("destination", byteCount)] where bytes > limit {
      throw .overLimit(
        "bytes of the \(name) of a strided copy", requested: bytes, limit: limit,
        device: capabilities.name)
    }
    plan.bytes = 2 * Double(byteCount)
    plan.kernels = [
      KernelSpec("strided_copy", [.init("ELEMENT_BYTES", dtype.byteCount)])
    ]
    let axes = merged(shape.dimensions, strides)
    let inner = Array(repeating: (1, 0), count: max(0, 4 - axes.count)) + axes.suffix(4)
    let outer = axes.dropLast(4)
    let innerCount = inner.reduce(1) { $0 * $1.0 }
    // Every combination of the outer axes is one dispatch; few views have any.
    for index in 0..<outer.reduce(1, { $0 * $1.0 }) {
      var (rest, offset) = (index, elementOffset)
      for (extent, stride) in outer.reversed() {
        offset += rest % extent * stride
        rest /= extent
      }
      var constants = ConstantBlock()
      for value in [innerCount, inner[1].0, inner[2].0, inner[3].0] + inner.map(\.1) + [offset] {
        constants.append(value)
      }
      plan.dispatches.append(
        .init(
          kernel: 0, grid: grid(innerCount, capabilities), constants: constants.bytes,
          arguments: [
            .init(.operand(0), byteCount: sourceBytes),
            .init(
              .operand(1), offset: index * innerCount * dtype.byteCount,
              byteCount: innerCount * dtype.byteCount),
          ]))
    }
    if let dispatch = plan.dispatches.dropFirst().first,
      dispatch.arguments[1].offset % capabilities.bindingAlignment != 0
    {
      throw .unsupported(
        "a view with \(axes.count) unmergeable axes whose inner part is not aligned",
        device: capabilities.name)
    }
    return plan
  }

  /// Neighbouring axes that one stride walks become one; axes of extent 1 vanish.
  private static func merged(_ extents: [Int], _ strides: [Int]) -> [(Int, Int)] {
    var result: [(extent: Int, stride: Int)] = []
    for (extent, stride) in zip(extents, strides) where extent != 1 {
      if let last = result.last, last.stride == extent * stride {
        result[result.count - 1] = (last.extent * extent, stride)
      } else {
        result.append((extent, stride))
      }
    }
    return result.map { ($0.extent, $0.stride) }
  }

  private static func grid(_ count: Int, _ capabilities: Capabilities) -> GridSize {
    let groups = (count + 63) / 64
    let x = min(groups, capabilities.maxGroupCount[0], 65535)
    return GridSize(x, (groups + x - 1) / x)
  }

  private static func code(
    _ spec: KernelSpec, _ backend: BackendKind
  ) throws(TesseraError) -> KernelCode {
    let bytes = spec["ELEMENT_BYTES"] ?? 4
    switch backend {
    case .openCL:
      guard let source = TesseraShaders.source("strided_copy.cl") else { break }
      let element = [1: "uchar", 2: "ushort", 4: "uint", 8: "ulong"][bytes] ?? "uint"
      return .openCL(source: source, defines: [.init("ELEMENT", element)], options: "")
    case .vulkan:
      guard let words = TesseraShaders.module("strided_copy_\(bytes).spv") else { break }
      return .spirv(words: words, specialization: [])
    case .cpu, .recording:
      return .host { group in HostStridedCopy.run(group, elementBytes: bytes) }
    }
    throw .unsupported("strided_copy for \(backend.rawValue)")
  }
}

/// The copy on the CPU back-end: 64 elements per workgroup, as on the others.
enum HostStridedCopy {
  static func run(_ group: HostGroup, elementBytes: Int) {
    func constant(_ index: Int) -> Int {
      Int(group.constants.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
    }
    let (count, n1, n2, n3) = (constant(0), constant(1), constant(2), constant(3))
    let strides = (constant(4), constant(5), constant(6), constant(7))
    let offset = constant(8)
    let (source, destination) = (group.buffers[0], group.buffers[1])
    let first = (group.group.y * group.groups.x + group.group.x) * 64
    for i in first..<max(first, min(first + 64, count)) {
      var rest = i
      let i3 = rest % n3
      rest /= n3
      let i2 = rest % n2
      rest /= n2
      let position =
        offset + rest / n1 * strides.0 + rest % n1 * strides.1 + i2 * strides.2 + i3 * strides.3
      UnsafeMutableRawBufferPointer(
        rebasing: destination[(i * elementBytes)..<((i + 1) * elementBytes)]
      ).copyMemory(
        from: UnsafeRawBufferPointer(
          rebasing: source[(position * elementBytes)..<((position + 1) * elementBytes)]))
    }
  }
}
