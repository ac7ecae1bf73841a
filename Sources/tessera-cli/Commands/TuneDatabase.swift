import ArgumentParser
import Logging
import Tessera
import TesseraCore
import TesseraIO
import TesseraKernels
import TesseraRuntime

/// `tessera tune export`
struct TuneExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes the user's own measurements to a file.")
  @Argument(help: "File to write.") var file: String
  @Flag(help: "With the measurements that the program brings.") var shipped = false

  func run() throws {
    var database = shipped ? TuningStore.shipped() : TuningDatabase()
    for entry in try TuneFile.own() { database.add(entry) }
    try AtomicFile.write(TuningStore.json(database), to: file)
    print("\(database.entries.count) measurements in \(file)")
  }
}

/// `tessera tune merge`
struct TuneMerge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Adds the measurements of files to the user's own.")
  @Argument(help: "Files that tune export wrote.") var files: [String]

  func run() throws {
    // All are read before anything is written.
    var merged = TuningDatabase(entries: try TuneFile.own())
    for file in files {
      merged.merge(try TuningStore.decode(try BenchFile.bytes(file), name: file))
    }
    let store = TuneFile.store
    guard let path = store.path else {
      throw TesseraError.unavailable("there is no cache folder: TESSERA_CACHE is off or cannot be used")
    }
    try store.add(merged.entries)
    print("\(merged.entries.count) measurements in \(path)")
  }
}

/// `tessera tune show`
struct TuneShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Lists the measurements that plans follow.")
  @Flag(help: "As JSON, with all samples.") var json = false

  func run() throws {
    let database = TuneFile.store.database()
    if json {
      print(String(decoding: try TuningStore.json(database), as: UTF8.self))
      return
    }
    for entry in database.entries {
      let extents = entry.key.extents.map(String.init).joined(separator: ",")
      print(TuneTable.line(entry, "\(entry.device.name): \(entry.key.operation) \(extents) \(entry.key.variant)"))
    }
    print("\(database.entries.count) measurements")
  }
}

/// The files that the commands of `tune` share.
enum TuneFile {
  /// The user's measurements, with those that the program brings.
  static var store: TuningStore {
    TuningStore(cache: DiskCache.standard(), logger: Logger(label: "tessera"))
  }

  /// The user's own measurements.
  static func own() throws -> [TuningEntry] {
    guard let path = store.path, BenchFile.exists(path) else { return [] }
    return try TuningStore.decode(try BenchFile.bytes(path), name: path).entries
  }

  /// Adds to a database of any place.
  static func add(_ entries: [TuningEntry], to path: String) throws {
    var database =
      BenchFile.exists(path)
      ? try TuningStore.decode(try BenchFile.bytes(path), name: path) : TuningDatabase()
    for entry in entries { database.add(entry) }
    try AtomicFile.write(TuningStore.json(database), to: path)
  }
}

/// How measurements are printed.
enum TuneTable {
  /// The winner, its time, and the planner's own choice beside it.
  static func line(_ entry: TuningEntry, _ label: String) -> String {
    func milliseconds(_ seconds: Double) -> String { Format.number(seconds * 1e3) + " ms" }
    let timed = entry.candidates.filter { !$0.samples.isEmpty }
    let best = timed.first { $0.form == entry.form }
    var text = "\(label): \(entry.form), \(milliseconds(best?.median ?? 0))"
    if let estimated = entry.candidates.first, estimated.form != entry.form,
      let best, !estimated.samples.isEmpty
    {
      text += ", \(Format.number(estimated.median / best.median)) × as fast as the estimate's \(estimated.form)"
    }
    let wrong = entry.candidates.count { $0.dropped?.hasPrefix("wrong") == true }
    return text + "; \(timed.count) of \(entry.candidates.count) timed"
      + (wrong > 0 ? ", \(wrong) wrong" : "")
  }
}
