package import Logging
import Synchronization
package import TesseraCore
import TesseraIO
package import TesseraKernels
package import TesseraRuntime
import TesseraTunings

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The measurements that plans of a device follow: those that the library brings, and the user's own in
/// `tuning/tuning.json` of the cache folder, which win.
package final class TuningStore: Sendable {
  /// The user's file; nil without a cache.
  package let path: String?
  /// The file's folder, made when something is to be written: the cache's drops its oldest files.
  private let folder: String?
  private let loaded = Mutex<TuningDatabase?>(nil)
  private let logger: Logger

  package init(cache: DiskCache?, logger: Logger) {
    folder = cache.map { $0.folder + "/tuning" }
    path = folder.map { $0 + "/tuning.json" }
    self.logger = logger
  }

  /// All measurements, read at the first call. A file that cannot be used is named in the log and left
  /// alone.
  package func database() -> TuningDatabase {
    loaded.withLock { database in
      if let database { return database }
      var result = Self.shipped()
      if let path {
        do throws(TesseraError) {
          for entry in try Self.read(path)?.entries ?? [] { result.add(entry) }
        } catch {
          logger.warning("measurements are not used: \(error.message)")
        }
      }
      database = result
      return result
    }
  }

  /// Adds measurements to those in use and to the user's file; other processes may do so, too.
  /// - Throws: `io` if the file cannot be written, `malformedData` if it is no database: it is left as it
  ///   is then.
  package func add(_ entries: [TuningEntry]) throws(TesseraError) {
    // What could not be read again is not written.
    _ = try TuningDatabase(entries: entries).validated("measurements")
    _ = database()
    loaded.withLock { database in
      for entry in entries { database?.add(entry) }
    }
    guard let path, let folder else { return }
    guard DiskCache(folder: folder) != nil else {
      throw .io(path: folder, reason: "is not a folder of the user's own that nobody else can write")
    }
    let lock = open(path + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
      if lock >= 0 { close(lock) }
      throw .io(path: path, reason: "cannot be locked")
    }
    defer { close(lock) }
    var database = try Self.read(path) ?? TuningDatabase()
    for entry in entries { database.add(entry) }
    try AtomicFile.write(Self.json(database), to: path)
  }

  /// What the library brings.
  package static func shipped() -> TuningDatabase {
    var result = TuningDatabase()
    for name in TesseraTunings.names {
      guard let text = TesseraTunings.text(name),
        let database = try? decode(Array(text.utf8), name: name)
      else { continue }
      result.merge(database)
    }
    return result
  }

  /// Reads a database.
  /// - Throws: `malformedData` naming the place in the file.
  package static func decode(
    _ json: [UInt8], name: String
  ) throws(TesseraError) -> TuningDatabase {
    guard json.count <= TuningDatabase.sizeLimit else {
      throw .malformed(
        name, reason: "\(json.count) bytes, more than \(TuningDatabase.sizeLimit)")
    }
    let database: TuningDatabase
    do {
      database = try JSONDecoder().decode(TuningDatabase.self, from: Data(json))
    } catch {
      throw .malformed(name, reason: "no tuning database: \(error)")
    }
    return try database.validated(name)
  }

  /// The text of a database, the same for the same measurements.
  /// - Throws: `malformedData` for a sample that is no number.
  package static func json(_ database: TuningDatabase) throws(TesseraError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    do {
      return Array(try encoder.encode(database)) + [UInt8(ascii: "\n")]
    } catch {
      throw .malformed("tuning database", reason: "\(error)")
    }
  }

  /// The user's file; nil if there is none.
  private static func read(_ path: String) throws(TesseraError) -> TuningDatabase? {
    let bytes: [UInt8]
    do throws(PrivateFile.Refusal) {
      bytes = try PrivateFile.read(path, atMost: TuningDatabase.sizeLimit)
    } catch {
      switch error {
      case .absent: return nil
      case .unreadable: throw .io(path: path, reason: "cannot be read")
      case .foreign:
        throw .io(
          path: path, reason: "is not a file of the user's own that nobody else can write")
      case .tooLarge(let count):
        throw .malformed(path, reason: "\(count) bytes, more than \(TuningDatabase.sizeLimit)")
      }
    }
    return try decode(bytes, name: path)
  }
}
