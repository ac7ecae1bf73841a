import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs another program with this one's input, output and environment, and a few variables more.
enum ChildProcess {
  /// - Parameter limit: seconds after which it is killed; nil waits for it.
  /// - Returns: its exit status; 128 and the signal's number if one ended it.
  static func run(
    _ arguments: [String], environment: [String: String], limit: Double? = nil
  ) throws(TesseraError) -> Int32 {
    for (name, value) in environment { setenv(name, value, 1) }
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var child: pid_t = 0
    let status = posix_spawnp(&child, arguments[0], nil, nil, pointers, environ)
    guard status == 0 else {
      throw .io(path: arguments[0], reason: String(cString: strerror(status)))
    }
    var ended: Int32 = 0
    var waited = 0.0
    while true {
      let found = waitpid(child, &ended, limit == nil ? 0 : WNOHANG)
      if found == child { break }
      guard found == 0 || errno == EINTR else {
        throw .io(path: arguments[0], reason: "was lost")
      }
      if let limit, waited > limit { kill(child, SIGKILL) }
      usleep(20_000)
      waited += 0.02
    }
    return ended & 0x7F == 0 ? (ended >> 8) & 0xFF : 128 + (ended & 0x7F)
  }
}

/// A file for a while.
enum TemporaryPath {
  static func make(_ name: String) -> String {
    var path = Array("\(Environment.value("TMPDIR") ?? "/tmp")/\(name)-XXXXXX".utf8CString)
    let descriptor = mkstemp(&path)
    if descriptor >= 0 { close(descriptor) }
    return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func remove(_ path: String) { unlink(path) }
}
