#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Files whose content is believed because nobody but the user can have written them.
package enum PrivateFile {
  /// Why a file is not read.
  package enum Refusal: Error, Hashable {
    case absent
    /// Not a regular file of the user's own that nobody else can write.
    case foreign
    case tooLarge(Int)
    case unreadable
  }

  /// All bytes of a file, from the very file that was checked. A link is not followed.
  package static func read(_ path: String, atMost limit: Int) throws(Refusal) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw errno == ENOENT ? .absent : .unreadable }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .unreadable }
    guard info.st_mode & S_IFMT == S_IFREG, info.st_uid == geteuid(), info.st_mode & 0o022 == 0
    else { throw .foreign }
    guard info.st_size <= limit else { throw .tooLarge(Int(info.st_size)) }
    var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
    guard readAll(descriptor, &bytes) else { throw .unreadable }
    return bytes
  }

  private static func readAll(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Bool {
    let total = bytes.count
    return bytes.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < total {
        let count = systemRead(descriptor, buffer.baseAddress.map { $0 + done }, total - done)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return false }
        done += count
      }
      return true
    }
  }
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
