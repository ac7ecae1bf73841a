import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A folder of checksummed binaries, safe to share between processes.
///
/// An entry is written to a temporary file and renamed, so a reader sees all of it or nothing. Whatever
/// is damaged, truncated, foreign or of another version reads as absent and is rebuilt by the caller.
/// Nothing here throws: a cache that cannot be used is a cache that misses.
package final class DiskCache: Sendable {
  /// Folder of the entries, private to the user.
  package let folder: String
  /// Bytes that entries may take together before the oldest are dropped.
  private let limit: Int

  private static let magic: [UInt8] = Array("TSRA".utf8) + [2, 0, 0, 0]
  private static let headerBytes = 8 + 8 + 32

  /// The cache the environment names: `TESSERA_CACHE` (`off` or a folder), else
  /// `$XDG_CACHE_HOME/tessera`, else `~/.cache/tessera`. Nil if it is off or cannot be used.
  package static func standard() -> DiskCache? {
    if let setting = Environment.value("TESSERA_CACHE") {
      return setting == "off" ? nil : DiskCache(folder: setting + "/v1")
    }
    if let base = Environment.value("XDG_CACHE_HOME") {
      return DiskCache(folder: base + "/tessera/v1")
    }
    return Environment.value("HOME").flatMap { DiskCache(folder: $0 + "/.cache/tessera/v1") }
  }

  /// Opens or makes `folder` with mode 0700; nil if it is not the user's own private folder.
  package init?(folder: String, limit: Int = 256 << 20) {
    self.folder = folder
    self.limit = limit
    var path = folder.hasPrefix("/") ? "" : "."
    for part in folder.split(separator: "/") {
      path += "/" + part
      mkdir(path, 0o700)
    }
    var info = stat()
    // Code is loaded from here: refuse a folder that is another user's or writable by others.
    guard lstat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR, info.st_uid == geteuid(),
      info.st_mode & 0o022 == 0
    else { return nil }
  }

  /// The payload stored under `key`, or nil.
  package func read(_ key: String) -> [UInt8]? {
    guard let bytes = try? PrivateFile.read(path(key), atMost: limit) else { return nil }
    return Self.payload(of: bytes, key: key)
  }

  /// The payload of an entry's bytes; nil if anything about them is not as it was written under `key`.
  package static func payload(of bytes: [UInt8], key: String) -> [UInt8]? {
    guard bytes.count >= headerBytes else { return nil }
    let payload = Array(bytes[headerBytes...])
    guard bytes[0..<8].elementsEqual(magic),
      bytes[8..<16].elementsEqual(littleEndian(UInt64(payload.count))),
      bytes[16..<48].elementsEqual(checksum(payload, key: key))
    else { return nil }
    return payload
  }

  /// Of key and payload, so that an entry under another's name is none.
  private static func checksum(_ payload: [UInt8], key: String) -> [UInt8] {
    SHA256.hash(Array(key.utf8) + [0] + payload)
  }

  /// Stores `payload` under `key`, replacing what is there. Returns whether it succeeded.
  @discardableResult
  package func write(_ key: String, _ payload: [UInt8]) -> Bool {
    guard payload.count <= limit / 4 else { return false }
    var template = Array((folder + "/.tmp-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return false }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let temporary = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    let bytes = Self.magic + Self.littleEndian(UInt64(payload.count))
      + Self.checksum(payload, key: key) + payload
    // A checksum guards the content, so no fsync: after a crash a torn entry is simply rebuilt.
    let written = Self.writeAll(descriptor, bytes)
    let closed = close(descriptor) == 0
    guard written, closed, rename(temporary, path(key)) == 0 else {
      unlink(temporary)
      return false
    }
    prune()
    return true
  }

  /// Drops the entry of `key`.
  package func remove(_ key: String) { unlink(path(key)) }

  private func path(_ key: String) -> String { folder + "/" + key }

  /// Removes the oldest entries when all of them together exceed the limit.
  private func prune() {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    var entries: [(path: String, size: Int, time: Int)] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      var info = stat()
      let file = folder + "/" + name
      guard lstat(file, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
      #if os(Linux)
      entries.append((file, Int(info.st_size), Int(info.st_mtim.tv_sec)))
      #else
      entries.append((file, Int(info.st_size), Int(info.st_mtimespec.tv_sec)))
      #endif
    }
    var total = entries.reduce(0) { $0 + $1.size }
    guard total > limit else { return }
    for entry in entries.sorted(by: { $0.time < $1.time }) where total > limit * 3 / 4 {
      unlink(entry.path)
      total -= entry.size
    }
  }

  private static func littleEndian(_ value: UInt64) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = systemWrite(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        if count < 0 && errno == EINTR { continue }
        if count <= 0 { return false }
        done += count
      }
      return true
    }
  }
}

// `write` is also a method above; this names the system call.
private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}
