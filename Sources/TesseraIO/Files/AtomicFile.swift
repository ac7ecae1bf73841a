package import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Files that appear complete or not at all.
///
/// The bytes go to a temporary file in the same folder, which is flushed to the disk and then renamed
/// over the target. Where the file system allows it the temporary file has no name until it is
/// complete, so that a killed process leaves nothing behind either.
package enum AtomicFile {
  /// Takes the bytes of a file, in order.
  package struct Sink: ~Copyable {
    package let descriptor: Int32
    fileprivate let path: String

    /// Appends `bytes`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(TesseraError) {
      var done = 0
      while done < bytes.count {
        // One call may transfer less than 2³¹ bytes; larger requests are cut by the system anyway.
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done..<min(bytes.count, done + 1 << 30)])
        let count = systemWrite(descriptor, rest)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
          throw .io(path: path, reason: systemReason(count < 0 ? errno : EIO))
        }
        done += count
      }
    }

    /// Appends `bytes`.
    package func write(_ bytes: [UInt8]) throws(TesseraError) {
      try bytes.span.withUnsafeBytes { bytes throws(TesseraError) in try write(bytes) }
    }
  }

  /// Replaces the file at `path` by what `body` writes; on any error the old state remains.
  ///
  /// A symbolic link is followed: its target is replaced. New files get the permissions that the
  /// process's file mode mask leaves of 0666.
  /// - Throws: `io` naming the path, or whatever `body` throws.
  package static func write(
    to path: String, unnamed: Bool = true,
    _ body: (borrowing Sink) throws(TesseraError) -> Void
  ) throws(TesseraError) {
    let target = try resolved(path)
    let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    let name = target.lastIndex(of: "/").map { target[target.index(after: $0)...] } ?? target[...]
    guard !name.isEmpty else { throw .io(path: path, reason: "is a folder") }
    // A long target name must not push the temporary name over the limit of 255 bytes.
    let stem = "\(folder).\(String(decoding: name.utf8.prefix(200), as: UTF8.self))"

    var temporary = try TemporaryFile(folder: folder, stem: stem, path: path, unnamed: unnamed)
    do throws(TesseraError) {
      try body(Sink(descriptor: temporary.descriptor, path: path))
      try temporary.commit(to: target)
    } catch {
      temporary.discard()
      throw error
    }
  }

  /// Writes one block of bytes.
  package static func write(_ bytes: [UInt8], to path: String) throws(TesseraError) {
    try write(to: path) { sink throws(TesseraError) in try sink.write(bytes) }
  }

  /// The path with a symbolic link at its end followed.
  private static func resolved(_ path: String) throws(TesseraError) -> String {
    guard !path.isEmpty else { throw .io(path: "\"\"", reason: "the path is empty") }
    if path.utf8.contains(0) {
      throw .io(path: quoted(path), reason: "the path contains a zero byte")
    }
    var info = stat()
    guard stat(path, &info) == 0 else {
      // Absent is fine. A link to nowhere, or a name that cannot be looked up, is told later.
      return path
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .io(path: path, reason: "is a folder")
    // Renaming over a device such as /dev/stdout would destroy it.
    default: throw .io(path: path, reason: "is not a regular file")
    }
    guard let real = realpath(path, nil) else { throw .io(path: path, reason: systemReason()) }
    defer { free(real) }
    return String(cString: real)
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
