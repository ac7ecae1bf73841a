import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// An open file that is on its way to replace another one of the same folder.
struct TemporaryFile {
  /// Open for writing until `commit` or `discard`.
  private(set) var descriptor: Int32
  /// The name to remove again; nil while the file has none.
  private var name: String?
  private let stem: String
  /// What the user called the target, for messages.
  private let path: String

  /// Creates the file in `folder`, without a name if `unnamed` and the file system can do so.
  init(folder: String, stem: String, path: String, unnamed: Bool) throws(TesseraError) {
    self.stem = stem
    self.path = path
    #if os(Linux)
    // The name is given through /proc, which a bare container may lack.
    if unnamed && access("/proc/self/fd", X_OK) == 0 {
      // O_TMPFILE is a macro that Swift does not import: 0o20000000 | O_DIRECTORY.
      descriptor = open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return }
      // Any failure is tried again with a name: what is wrong with the folder shows then as well.
    }
    #endif
    descriptor = -1
    // A fresh random name: a collision is a file of another process, so draw again.
    for _ in 0..<16 {
      let candidate = Self.candidate(stem)
      descriptor = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        name = candidate
        return
      }
      guard errno == EEXIST else { break }
    }
    throw .io(path: path, reason: systemReason())
  }

  /// Flushes the bytes to the disk, closes the file and renames it to `target`.
  mutating func commit(to target: String) throws(TesseraError) {
    guard fsync(descriptor) == 0 else { throw failure() }
    if name == nil { try giveName() }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, let name, rename(name, target) == 0 else { throw failure() }
    self.name = nil
  }

  /// Closes and removes the file, if it is still there.
  mutating func discard() {
    if descriptor >= 0 { close(descriptor) }
    if let name { unlink(name) }
    descriptor = -1
    name = nil
  }

  /// Links a nameless file into its folder. A link cannot replace a file, hence the rename after it.
  private mutating func giveName() throws(TesseraError) {
    for _ in 0..<16 {
      let candidate = Self.candidate(stem)
      let link = "/proc/self/fd/\(descriptor)"
      if linkat(AT_FDCWD, link, AT_FDCWD, candidate, Int32(AT_SYMLINK_FOLLOW)) == 0 {
        name = candidate
        return
      }
      guard errno == EEXIST else { break }
    }
    throw failure()
  }

  private func failure() -> TesseraError { .io(path: path, reason: systemReason()) }

  private static func candidate(_ stem: String) -> String {
    "\(stem).\(String(UInt64.random(in: 0 ... .max), radix: 36)).tmp"
  }
}
