import CVulkan

/// A Vulkan struct that starts with `sType` and `const void *pNext`.
protocol InputStructure {
  static var structureType: VkStructureType { get }
  init()
  var sType: VkStructureType { get set }
  var pNext: UnsafeRawPointer! { get set }
}

/// The same for structs that the driver writes to (`void *pNext`).
protocol OutputStructure {
  static var structureType: VkStructureType { get }
  init()
  var sType: VkStructureType { get set }
  var pNext: UnsafeMutableRawPointer! { get set }
}

extension InputStructure {
  /// Zeroed, with `sType` set.
  @inline(__always) static func make() -> Self {
    var result = Self()
    result.sType = structureType
    return result
  }
  /// `VkBufferCreateInfo.make { $0.size = 64 }`.
  @inline(__always) static func make(_ body: (inout Self) -> Void) -> Self {
    var result = make()
    body(&result)
    return result
  }
}

extension OutputStructure {
  /// Zeroed, with `sType` set.
  @inline(__always) static func make() -> Self {
    var result = Self()
    result.sType = structureType
    return result
  }
}

/// Owns the C memory that one call points at, to the end of the scope.
struct Arena: ~Copyable {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  mutating func new<T>(_ value: T) -> UnsafeMutablePointer<T> {
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: 1)
    pointer.initialize(to: value)
    blocks.append(pointer)
    return pointer
  }

  mutating func array<T>(_ values: [T]) -> UnsafeMutablePointer<T>? {
    if values.isEmpty { return nil }
    let pointer = UnsafeMutablePointer<T>.allocate(capacity: values.count)
    pointer.initialize(from: values, count: values.count)
    blocks.append(pointer)
    return pointer
  }

  mutating func string(_ text: String) -> UnsafePointer<CChar>? {
    array(Array(text.utf8CString)).map { UnsafePointer($0) }
  }

  mutating func strings(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?>? {
    var pointers: [UnsafePointer<CChar>?] = []
    for text in texts { pointers.append(string(text)) }
    return array(pointers).map { UnsafePointer($0) }
  }

  /// Puts `next` behind `head`: `head.pNext → next → what head pointed at before`.
  static func link<Head, Next>(
    _ next: UnsafeMutablePointer<Next>, after head: UnsafeMutablePointer<Head>
  ) {
    let first = UnsafeMutableRawPointer(head).assumingMemoryBound(to: VkBaseOutStructure.self)
    let second = UnsafeMutableRawPointer(next).assumingMemoryBound(to: VkBaseOutStructure.self)
    second.pointee.pNext = first.pointee.pNext
    first.pointee.pNext = second
  }
}

/// The text in a fixed-size C array, which Swift sees as a tuple.
func text<T>(_ tuple: T) -> String {
  withUnsafeBytes(of: tuple) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// The union of flag bits.
@inline(__always) func flags<F: RawRepresentable<UInt32>>(_ bits: F...) -> UInt32 {
  var result: UInt32 = 0
  for bit in bits { result |= bit.rawValue }
  return result
}

extension VkBool32 {
  var isTrue: Bool { self != 0 }
}
