import Foundation
package import TesseraCore

/// Bytes that end where the readable memory ends: reading one too many stops the process.
package func guarded(_ bytes: [UInt8]) -> HostStorage {
  let page = Int(sysconf(Int32(_SC_PAGESIZE)))
  let readable = (bytes.count + page - 1) / page * page
  guard
    let start = mmap(
      nil, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    start != MAP_FAILED
  else { preconditionFailure("no memory for a test") }
  let first = start + (readable - bytes.count)
  first.copyMemory(from: bytes, byteCount: bytes.count)
  mprotect(start + readable, page, PROT_NONE)
  nonisolated(unsafe) let owned = start
  return HostStorage(adopting: UnsafeRawBufferPointer(start: first, count: bytes.count)) {
    munmap(owned, readable + page)
  }
}
