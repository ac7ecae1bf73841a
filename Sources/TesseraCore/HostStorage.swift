/// Immutable bytes in host memory: allocated here, or a mapped file.
///
/// `@unchecked Sendable` holds because nobody writes after `init` returns and the owner frees the
/// memory only when the last reference goes.
public final class HostStorage: @unchecked Sendable {
  /// The bytes. Valid while this object lives; aligned for any scalar when allocated here.
  package let bytes: UnsafeRawBufferPointer
  private let release: @Sendable () -> Void

  /// Allocates `byteCount` bytes and lets `fill` write them all.
  package init<E: Error>(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Swift.max(byteCount, 1), alignment: 64)
    nonisolated(unsafe) let owned = memory
    bytes = UnsafeRawBufferPointer(rebasing: memory[0..<byteCount])
    release = { owned.deallocate() }
    try fill(UnsafeMutableRawBufferPointer(rebasing: memory[0..<byteCount]))
  }

  /// Takes over foreign memory, such as a mapped file; `release` is called once at the end.
  package init(adopting bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
    self.bytes = bytes
    self.release = release
  }

  deinit { release() }
}
