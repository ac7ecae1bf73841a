import Synchronization
import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Hands out the host memory of one device and counts it.
final class HostMemory: Sendable {
  /// Bytes that may be in use together.
  let limit: Int
  private let device: String
  private let used = Mutex(0)

  init(limit: Int, device: String) {
    self.limit = limit
    self.device = device
  }

  /// Bytes in use.
  var allocated: Int { used.withLock { $0 } }

  /// Allocates `byteCount` bytes, aligned to 64; large blocks to 2 MiB and in huge pages where the
  /// system has them, which spares address translation in matrix products.
  /// - Throws: `outOfMemory` if the system has no more, or would have to kill somebody to give it: a
  ///   system that overcommits grants anything and ends the process on first touch.
  func allocate(_ byteCount: Int) throws(TesseraError) -> UnsafeMutableRawPointer {
    let rest = limit - allocated
    guard byteCount <= rest else {
      throw .outOfMemory(requested: byteCount, available: max(rest, 0), device: device)
    }
    let large = byteCount >= 4 << 20
    if byteCount >= 256 << 20, let available = HostMachine.availableMemoryBytes,
      byteCount > available
    {
      throw .outOfMemory(requested: byteCount, available: available, device: device)
    }
    var pointer: UnsafeMutableRawPointer?
    let status = posix_memalign(&pointer, large ? 2 << 20 : 64, max(byteCount, 64))
    guard status == 0, let pointer else {
      throw .outOfMemory(requested: byteCount, available: nil, device: device)
    }
    #if canImport(Glibc)
    if large { madvise(pointer, byteCount, Int32(MADV_HUGEPAGE)) }
    #endif
    used.withLock { $0 += byteCount }
    return pointer
  }

  func free(_ pointer: UnsafeMutableRawPointer, byteCount: Int) {
    #if canImport(Glibc)
    Glibc.free(pointer)
    #else
    Darwin.free(pointer)
    #endif
    used.withLock { $0 -= byteCount }
  }
}
