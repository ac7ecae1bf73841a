import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A child process that answers each line with a line; ended with its last reference.
final class LineChild {
  private let socket: Int32
  private let process: pid_t
  private var pending: [UInt8] = []

  /// Starts `arguments`, found by `PATH`.
  /// - Throws: `unavailable` if there is no such program.
  init(_ arguments: [String]) throws(TesseraError) {
    var pair: [Int32] = [0, 0]
    // Both ends are ours alone until the child gets its own as standard input and output.
    #if canImport(Glibc)
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    #else
    let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
      throw .unavailable("no socket for \(arguments[0])")
    }
    #if canImport(Glibc)
    var actions = posix_spawn_file_actions_t()
    #else
    var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, pair[1], 0)
    posix_spawn_file_actions_adddup2(&actions, pair[1], 1)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let status = posix_spawnp(&child, arguments[0], &actions, nil, &words, environ)
    close(pair[1])
    guard status == 0 else {
      close(pair[0])
      throw .unavailable("\(arguments[0]) cannot be started: \(String(cString: strerror(status)))")
    }
    socket = pair[0]
    process = child
  }

  deinit {
    // The child reads the end of its input and leaves; it is waited for so that none stays behind.
    close(socket)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }

  /// Sends a line.
  func send(_ line: String) throws(TesseraError) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes {
        #if canImport(Glibc)
        // A child that has left is an error here, not a signal.
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        #else
        write(socket, $0.baseAddress, $0.count)
        #endif
      }
      guard count > 0 else { throw .unavailable("the child process has ended") }
      bytes = bytes.dropFirst(count)
    }
  }

  /// The next line of the child's.
  func receive(seconds: Double) throws(TesseraError) -> String {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        return line
      }
      var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Int32(seconds * 1000)) > 0 else {
        throw .timedOut("the child process", seconds: seconds)
      }
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(socket, &buffer, buffer.count)
      guard count > 0 else { throw .unavailable("the child process has ended") }
      pending += buffer[..<count]
    }
  }
}
