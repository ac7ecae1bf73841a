package import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Read-only files in the address space.
package enum MappedFile {
  /// Maps a whole regular file; the kernel reads pages as they are touched.
  ///
  /// The file must not be shortened while the storage lives: a page that has no file behind it any
  /// more cannot be read.
  /// - Throws: `io` if it cannot be opened or is not a regular file.
  package static func open(_ path: String) throws(TesseraError) -> HostStorage {
    if path.utf8.contains(0) {
      throw .io(path: quoted(path), reason: "the path contains a zero byte")
    }
    // Without O_NONBLOCK, opening a FIFO would wait for a writer before it could be refused.
    let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .io(path: path, reason: systemReason()) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .io(path: path, reason: systemReason()) }
    switch info.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .io(path: path, reason: "is a folder")
    default: throw .io(path: path, reason: "is not a regular file")
    }
    guard let count = Int(exactly: info.st_size), count > 0 else {
      return HostStorage(adopting: UnsafeRawBufferPointer(start: nil, count: 0)) {}
    }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED
    else { throw .io(path: path, reason: systemReason()) }
    nonisolated(unsafe) let mapped = start
    return HostStorage(adopting: UnsafeRawBufferPointer(start: start, count: count)) {
      munmap(mapped, count)
    }
  }
}

/// The words of `errno`.
func systemReason(_ code: Int32 = errno) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
  return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A name from a file as it may stand in a one-line message: quoted, escaped and not too long.
func quoted(_ name: String) -> String {
  name.unicodeScalars.count <= 120
    ? name.debugDescription
    : String(String.UnicodeScalarView(name.unicodeScalars.prefix(120))).debugDescription + "…"
}

// `open` is also a method above; this names the system call.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
